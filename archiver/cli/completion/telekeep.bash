# Completion of telekeep for bash. Once: telekeep completion bash > ~/.local/share/bash-completion/completions/telekeep
# Without the package bash-completion: source <(telekeep completion bash) in ~/.bashrc

_telekeep() {
    local line word=${COMP_WORDS[COMP_CWORD]} IFS=$'\n'
    COMPREPLY=()
    [[ $word == [:=] ]] && word=
    while IFS=$'\t' read -r line _; do
        case $line in
            :files) compopt -o filenames 2>/dev/null
                    while IFS= read -r line; do COMPREPLY+=("$line"); done < <(compgen -f -- "$word") ;;
            *[:=/,]) compopt -o nospace 2>/dev/null
                    COMPREPLY+=("$line") ;;
            *) COMPREPLY+=("$line") ;;
        esac
    done < <(telekeep __complete bash "${COMP_LINE:0:COMP_POINT}" "$COMP_WORDBREAKS" 2>/dev/null)
}

complete -F _telekeep telekeep
