//! `wamp profile`.

use std::fs;
use std::io;

use clap::{Args, Subcommand};
use toml_edit::{DocumentMut, Item, Table as TomlTable, value};
use wamp_client::Value;

use crate::config::{Config, Profile};
use crate::failure::Failure;
use crate::output::Output;
use crate::render::object;
use crate::table::Table;
use crate::target::{ConnectionFlags, Target};

pub(crate) const EXAMPLES: &str = "\
Examples:
  wamp profile                                   lists them; * marks the default
  wamp profile save home --url wss://home.example/ws --realm com.example.home
  wamp profile use home                          makes it the default
  wamp --profile home call com.example.light on

The file is $WAMP_CONFIG, else $XDG_CONFIG_HOME/wamp/config.toml, else \
~/.config/wamp/config.toml:

  default = \"home\"

  [profiles.home]
  url = \"wss://home.example/ws\"
  realm = \"com.example.home\"
  serializer = \"cbor\"
  timeout = \"5s\"
  key = \"home.key\"    # beside the config file; or authid, auth, secret_file; tls_ca, tls_cert, tls_key

What a profile leaves out has its default. Flags and environment variables win over a profile. \
Who joins, and the proof, are for the profile's own url: with another they are left out.";

/// Show and change the profiles: named sets of url, realm, who joins and so on
#[derive(Debug, Args)]
pub(crate) struct Flags {
    #[command(subcommand)]
    action: Option<Action>,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// List the profiles (what `wamp profile` alone does)
    List,
    /// Save what flags say under a name: --url, --realm, --authid and so on; what is not given stays as it is
    Save { name: String },
    /// Make a profile the default
    Use { name: String },
    /// Remove a profile
    Remove { name: String },
}

pub(crate) fn run(flags: Flags, connection: &ConnectionFlags, mut output: Output) -> Result<(), Failure> {
    let config = Config::load_or_new()?;
    match flags.action {
        None | Some(Action::List) => list(&config, &mut output)?,
        Some(Action::Save { name }) => save(&config, &name, connection)?,
        Some(Action::Use { name }) => {
            config.profile(&name)?;
            edit(&config, |document| document["default"] = value(name))?;
        }
        Some(Action::Remove { name }) => {
            config.profile(&name)?;
            edit(&config, |document| {
                if let Some(profiles) = document["profiles"].as_table_like_mut() {
                    profiles.remove(&name);
                }
                if config.file.default.as_ref() == Some(&name) {
                    document.remove("default");
                }
            })?;
        }
    }
    Ok(output.flush()?)
}

fn list(config: &Config, output: &mut Output) -> io::Result<()> {
    let is_default = |name: &str| config.file.default.as_deref() == Some(name);
    if !output.for_people() {
        for (name, profile) in &config.file.profiles {
            let mut entries = vec![("name", Value::from(name.as_str())), ("default", Value::Bool(is_default(name)))];
            let settings = settings(profile).into_iter();
            entries.extend(settings.filter_map(|(key, setting)| Some((key, Value::from(setting?)))));
            output.json(&object(entries))?;
        }
        return Ok(());
    }
    if config.file.profiles.is_empty() {
        output.remark(format_args!("there is no profile in {}", config.path.display()));
        return Ok(());
    }
    let mut table = Table::new(&["PROFILE", "URL", "REALM", "WHO", "SERIALIZER", "TIMEOUT"]);
    for (name, profile) in &config.file.profiles {
        let mark = if is_default(name) { " *" } else { "" };
        let who = profile.authid.as_ref().or(profile.key.as_ref());
        let cells =
            [profile.url.as_ref(), profile.realm.as_ref(), who, profile.serializer.as_ref(), profile.timeout.as_ref()];
        let cells = cells.map(|cell| cell.map_or_else(|| "-".to_owned(), Clone::clone));
        table.row([format!("{name}{mark}")].into_iter().chain(cells));
    }
    table.print(output)?;
    output.remark(format_args!("in {}", config.path.display()));
    Ok(())
}

fn settings(profile: &Profile) -> [(&'static str, Option<&str>); 12] {
    let Profile {
        url,
        realm,
        serializer,
        timeout,
        authid,
        key,
        channel_binding,
        auth,
        secret_file,
        tls_ca,
        tls_cert,
        tls_key,
    } = profile;
    let settings = [
        ("url", url),
        ("realm", realm),
        ("serializer", serializer),
        ("timeout", timeout),
        ("authid", authid),
        ("key", key),
        ("channel_binding", channel_binding),
        ("auth", auth),
        ("secret_file", secret_file),
        ("tls_ca", tls_ca),
        ("tls_cert", tls_cert),
        ("tls_key", tls_key),
    ];
    settings.map(|(key, setting)| (key, setting.as_deref()))
}

fn save(config: &Config, name: &str, flags: &ConnectionFlags) -> Result<(), Failure> {
    // What could not be used is not saved.
    let nowhere = Config { path: config.path.clone(), ..Config::default() };
    Target::choose(&ConnectionFlags { profile: None, ..flags.clone() }, &nowhere)?;
    let path = |file: &Option<String>| file.as_ref().map(absolute).transpose();
    let given = Profile {
        url: flags.url.clone(),
        realm: flags.realm.clone(),
        serializer: flags.serializer.clone(),
        timeout: flags.timeout.map(|timeout| format!("{}s", timeout.as_secs_f64())),
        authid: flags.identity.authid.clone(),
        key: path(&flags.identity.key)?,
        channel_binding: flags.identity.channel_binding.clone(),
        auth: flags.identity.auth.clone(),
        secret_file: path(&flags.identity.secret_file)?,
        tls_ca: path(&flags.tls.tls_ca)?,
        tls_cert: path(&flags.tls.tls_cert)?,
        tls_key: path(&flags.tls.tls_key)?,
    };
    if given == Profile::default() {
        return Err(Failure::Usage(
            "there is nothing to save: give --url, --realm or another flag about the router and who joins".into(),
        ));
    }
    edit(config, |document| {
        let profiles = document.entry("profiles").or_insert_with(|| {
            let mut table = TomlTable::new();
            // No line of its own for a table that holds only tables.
            table.set_implicit(true);
            Item::Table(table)
        });
        let profile = &mut profiles[name];
        if profile.is_none() {
            *profile = Item::Table(TomlTable::new());
        }
        for (key, setting) in settings(&given) {
            if let Some(setting) = setting {
                profile[key] = value(setting);
            }
        }
    })
}

/// The file's place as it is from anywhere.
fn absolute(file: &String) -> Result<String, Failure> {
    let path = std::path::absolute(file).map_err(|error| Failure::io(format!("cannot find {file}"), error))?;
    Ok(path.display().to_string())
}

/// Changes the file, and keeps its comments and order.
fn edit(config: &Config, change: impl FnOnce(&mut DocumentMut)) -> Result<(), Failure> {
    let path = &config.path;
    let failed = |error| Failure::io(format!("cannot write {}", path.display()), error);
    if path.as_os_str().is_empty() {
        return Err(Failure::Usage("there is no home to keep the file in; WAMP_CONFIG names one".to_owned()));
    }
    let text = match fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => String::new(),
        Err(error) => return Err(Failure::io(format!("cannot read {}", path.display()), error)),
    };
    let mut document: DocumentMut =
        text.parse().map_err(|problem| Failure::Usage(format!("{}: {problem}", path.display())))?;
    change(&mut document);
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder).map_err(failed)?;
    }
    // A reader sees the old file or the new one, never half of it.
    let unfinished = path.with_extension("toml.new");
    fs::write(&unfinished, document.to_string()).map_err(failed)?;
    fs::rename(&unfinished, path).map_err(failed)
}
