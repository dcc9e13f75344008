# Completion of telekeep for fish. Once: telekeep completion fish > ~/.config/fish/completions/telekeep.fish

function __telekeep_complete
    set -l words (commandline -opc)
    set -l current (commandline -ct)
    for line in (telekeep __complete fish $words[2..-1] "$current" 2>/dev/null)
        if test "$line" = :files
            __fish_complete_path "$current"
        else
            echo $line
        end
    end
end

complete -c telekeep -f -a '(__telekeep_complete)'
