use crate::run::WebhookRs;

#[test]
fn help_names_every_subcommand_and_each_has_help_of_its_own() {
    let command = WebhookRs::new();
    let help = command.run(&["--help"], &[]);
    assert_eq!(help.status, Some(0));
    for name in [
        "send",
        "check",
        "verify",
        "listen",
        "inbox",
        "senders",
        "completions",
    ] {
        assert!(help.stdout.contains(&format!("\n  {name}")), "{name}");
        let own = command.run(&[name, "--help"], &[]);
        assert_eq!(own.status, Some(0), "{name}");
        assert!(
            own.stdout.contains(&format!("Usage: webhook-rs {name}")),
            "{}",
            own.stdout
        );
        // A terminal has 80 columns at least, and a wider one is not filled.
        let longest = own.stdout.lines().map(|line| line.chars().count()).max();
        assert!(longest <= Some(100), "{name}: {longest:?}");
    }
}

#[test]
fn completions_know_the_subcommands() {
    let command = WebhookRs::new();
    for shell in ["bash", "elvish", "fish", "powershell", "zsh"] {
        let completions = command.run(&["completions", shell], &[]);
        assert_eq!(completions.status, Some(0), "{shell}");
        for name in ["send", "listen", "--hang-up-after", "hang-up-after"] {
            let known = completions.stdout.contains(name);
            assert!(
                known || name.starts_with("--") && shell == "fish",
                "{shell}: {name}"
            );
        }
    }
}

#[test]
fn a_wrong_command_line_names_the_fix_and_ends_with_2() {
    let command = WebhookRs::new();
    let here = "http://127.0.0.1:1/x";
    for (arguments, expected) in [
        (
            &["send", "tusfactura", here][..],
            "there is no sender `tusfactura`: `webhook-rs senders` lists them",
        ),
        (
            &["send", "tusfacturas", "127.0.0.1:1"],
            "write the one that the sender would be given",
        ),
        (
            &["send", "tusfacturas", "ftp://127.0.0.1/x"],
            "a webhook is delivered over http or https",
        ),
        (
            &["send", "tusfacturas", "http://a:b@127.0.0.1/"],
            "leave them out",
        ),
        (
            &["send", "tusfacturas", here, "--event", "emitida"],
            "use one of emitido, encolado",
        ),
        (
            &["send", "tusfacturas", here, "--body", "/none"],
            "/none: No such file",
        ),
        (
            &["send", "tusfacturas", here, "--set", "a"],
            "write it as PATH=VALUE",
        ),
        (
            &["send", "tusfacturas", here, "--set", "evento.x=1"],
            "a part of the path is neither an object nor a list",
        ),
        (
            &["send", "tusfacturas", here, "-H", "a"],
            "write it as NAME: VALUE",
        ),
        (
            &["send", "tusfacturas", here, "-H", "a: \u{7}"],
            "has a character that no header may have",
        ),
        (&["send", "tusfacturas", here, "--speed", "2"], "--follow"),
        (
            &["send", "tusfacturas", here, "--follow", "--speed", "0"],
            "write a number above 0",
        ),
        (
            &["send", "tusfacturas", here, "--hang-up-after", "5"],
            "write a number and a unit",
        ),
        (
            &["send", "tusfacturas", here, "--secret-env", "NONE_SUCH"],
            "NONE_SUCH is not set: set it to the secret of tusfacturas",
        ),
        (
            &["send", "tusfacturas", here, "--secret-file", "/none"],
            "/none: No such file",
        ),
        (
            &["send", "tusfacturas", "http://192.0.2.1/x"],
            "set TF_WEBHOOK_TOKEN, or give a file with --secret-file FILE",
        ),
        (
            &["send", "acme", here, "--schemes", "/none.toml"],
            "/none.toml: No such file",
        ),
        (
            &["inbox", "/none.db", "counts"],
            "there is no such file: start the app first, or name another",
        ),
        (
            &["inbox", "mysql://x", "counts"],
            "an inbox is in SQLite or PostgreSQL, not in mysql",
        ),
        (&["inbox", "/none.db", "retry"], "--dead"),
    ] {
        let ran = command.run(arguments, &[]);
        assert_eq!(ran.status, Some(2), "{arguments:?}: {}", ran.stderr);
        assert!(
            ran.stderr.contains(expected),
            "{arguments:?}: {}",
            ran.stderr
        );
        assert_eq!(ran.stdout, "", "{arguments:?}");
    }
}
