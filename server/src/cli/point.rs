//! `silverlane point`: publishing points of a running origin, over its JSON API.
//!
//! Exit status: 0 done, 1 not done, and why stands on the standard error output.

mod remote;
mod table;

use std::process::ExitCode;

use reqwest::Method;
use serde_json::{Map, Value, json};

use self::remote::Remote;
use super::Failure;
use crate::admin::settings::{Setting, schema};

/// The arguments of `silverlane point`.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(flatten)]
    server: remote::Server,
    /// Print JSON, as the API answers it
    #[arg(long, global = true)]
    json: bool,
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, clap::Subcommand)]
enum Action {
    /// List the publishing points
    List,
    /// Show the settings, addresses and streams of one
    Show(Name),
    /// Make one
    Add(Changes),
    /// Change settings of one that is idle; those not named stay
    Edit(Changes),
    /// Start it: encoders may connect
    Start(Name),
    /// Stop the live source; viewers keep what there is
    Stop(Name),
    /// Shut it down; viewers lose access
    #[command(alias = "shut-down")]
    Shutdown(Name),
    /// Shut it down and delete its definition
    Remove(Name),
}

#[derive(Debug, clap::Args)]
struct Name {
    /// Its path on the server, such as LiveSmoothStream.isml
    path: String,
}

#[derive(Debug, clap::Args)]
#[command(after_long_help = settings_help())]
struct Changes {
    /// Its path on the server, such as LiveSmoothStream.isml
    path: String,
    /// A setting, such as title="The final" or windowLength=600; --help lists them all
    #[arg(long = "set", short, value_name = "NAME=VALUE")]
    settings: Vec<String>,
}

/// Runs the subcommand.
///
/// # Errors
///
/// A sentence that says what is wrong: with the arguments, the connection, or what the server refuses.
pub async fn run(args: Args) -> Result<ExitCode, Failure> {
    let remote = Remote::new(&args.server)?;
    let done = match args.action {
        Action::List => {
            let list = remote.get("points").await?;
            print(&list, args.json, || table::list(&list));
            return Ok(ExitCode::SUCCESS);
        }
        Action::Show(name) => {
            let resource = resource(&name.path);
            let point = remote.get(&resource).await?;
            let statistics = remote.get(&format!("{resource}/statistics")).await?;
            let both = json!({ "point": point, "statistics": statistics });
            print(&both, args.json, || table::details(&point, &statistics, &remote.origin()));
            return Ok(ExitCode::SUCCESS);
        }
        Action::Add(new) => {
            let settings = merge(Map::new(), &new.settings)?;
            let body = json!({ "path": path(&new.path), "settings": settings });
            remote.send(Method::POST, "points", Some(&body), None).await?
        }
        Action::Edit(changes) => {
            let resource = resource(&changes.path);
            let (point, tag) = remote.get_tagged(&resource).await?;
            let before = point["settings"].as_object().cloned().unwrap_or_default();
            let settings = merge(before, &changes.settings)?;
            remote.send(Method::PUT, &resource, Some(&Value::Object(settings)), tag.as_deref()).await?
        }
        Action::Start(name) => state(&remote, &name, "Started").await?,
        Action::Stop(name) => state(&remote, &name, "Stopped").await?,
        Action::Shutdown(name) => state(&remote, &name, "Idle").await?,
        Action::Remove(name) => remote.send(Method::DELETE, &resource(&name.path), None, None).await?,
    };
    print(&done, args.json, || done["state"].as_str().map(|s| format!("{s}\n")).unwrap_or_default());
    Ok(ExitCode::SUCCESS)
}

async fn state(remote: &Remote, name: &Name, state: &str) -> Result<Value, Failure> {
    let body = json!({ "state": state });
    remote.send(Method::PUT, &format!("{}/state", resource(&name.path)), Some(&body), None).await
}

fn print(value: &Value, as_json: bool, text: impl FnOnce() -> String) {
    if as_json && !value.is_null() {
        println!("{value:#}");
    } else {
        print!("{}", text());
    }
}

/// With a slash in front.
fn path(name: &str) -> String {
    format!("/{}", name.trim_start_matches('/'))
}

fn resource(name: &str) -> String {
    let parts: Vec<_> = name.trim_matches('/').split('/').map(smooth::url::encode).collect();
    format!("points/{}", parts.join("/"))
}

/// Puts `NAME=VALUE`s into `settings`.
fn merge(mut settings: Map<String, Value>, changes: &[String]) -> Result<Map<String, Value>, Failure> {
    let known = schema();
    for change in changes {
        let (name, value) = change.split_once('=').ok_or_else(|| format!("{change}: write NAME=VALUE"))?;
        let setting = known.iter().find(|s| s.name.eq_ignore_ascii_case(name.trim()));
        let setting = setting.ok_or_else(|| unknown(name, &known))?;
        settings.insert(setting.name.to_owned(), parse(setting, value)?);
    }
    Ok(settings)
}

fn unknown(name: &str, known: &[Setting]) -> String {
    let names: Vec<_> = known.iter().map(|s| s.name).collect();
    format!("there is no setting {name}; there are {}", names.join(", "))
}

fn parse(setting: &Setting, value: &str) -> Result<Value, Failure> {
    let wrong = |what: &str| -> Failure { format!("{}={value}: {what}", setting.name).into() };
    Ok(match &setting.default {
        Value::Bool(_) => match value.to_ascii_lowercase().as_str() {
            "true" | "yes" | "on" | "1" => true.into(),
            "false" | "no" | "off" | "0" => false.into(),
            _ => return Err(wrong("it is neither true nor false")),
        },
        Value::Number(_) => value.parse::<u32>().map_err(|_| wrong("it is no whole number"))?.into(),
        Value::Array(_) => {
            let urls = value.split(',').map(str::trim).filter(|url| !url.is_empty());
            urls.map(|url| json!({ "url": url })).collect()
        }
        _ => value.into(),
    })
}

/// Every setting with its help, from where it is declared.
fn settings_help() -> String {
    let mut text = String::from("Settings:\n");
    for setting in schema() {
        let default = match &setting.default {
            Value::String(text) => text.clone(),
            Value::Array(_) => String::new(),
            value => value.to_string(),
        };
        let default = if default.is_empty() { default } else { format!(" [default: {default}]") };
        text += &format!("  {:<30} {}. {}{default}\n", setting.name, setting.label, setting.help);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_are_read_by_their_kind() {
        let changes =
            ["title=a=b", "AUTOSTART=yes", "windowLength=600", "pushTo=http://a/x.isml, http://b/y.isml"];
        let changes = changes.map(str::to_owned);
        let settings = Value::Object(merge(Map::new(), &changes).unwrap());
        assert_eq!(
            settings,
            json!({ "title": "a=b", "autoStart": true, "windowLength": 600,
                "pushTo": [{ "url": "http://a/x.isml" }, { "url": "http://b/y.isml" }] })
        );
        for (wrong, says) in [
            ("title", "NAME=VALUE"),
            ("titel=x", "lookAheadChunks"),
            ("autoStart=2", "true"),
            ("windowLength=-1", "number"),
        ] {
            let error = merge(Map::new(), &[wrong.to_owned()]).unwrap_err().to_string();
            assert!(error.contains(says), "{error}");
        }
        assert_eq!(resource("/a b/c.isml"), "points/a%20b/c.isml");
        assert!(settings_help().contains("appleMaxBitrate"));
    }
}
