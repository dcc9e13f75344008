#compdef telekeep
# Completion of telekeep for zsh. Once: telekeep completion zsh > a directory of $fpath/_telekeep
# Or, after compinit in ~/.zshrc: source <(telekeep completion zsh)

_telekeep() {
    local line value about
    local -a values shown open open_shown
    for line in "${(@f)$(telekeep __complete zsh "${(@Q)words[2,CURRENT-1]}" "$PREFIX" 2>/dev/null)}"; do
        value=${line%%$'\t'*} about=${line#*$'\t'}
        [[ -n $value ]] || continue
        if [[ $value == :files ]]; then
            _files
            return
        fi
        [[ $about == $line || -z $about ]] && about=$value || about="$value  -- $about"
        if [[ $value == *[:=/,] ]]; then
            open+=("$value") open_shown+=("$about")
        else
            values+=("$value") shown+=("$about")
        fi
    done
    (( $#values )) && compadd -l -d shown -a values
    (( $#open )) && compadd -S '' -l -d open_shown -a open
}

if [[ ${funcstack[1]-} == _telekeep ]]; then
    _telekeep "$@"
else
    compdef _telekeep telekeep
fi
