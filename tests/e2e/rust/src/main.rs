//! Uses every call of posthog-rs once. The argument is a JSON object: host, token, unique (names
//! the distinct ids), uuid and timestamp of one event, and optionally compression, and secret_key
//! (flags are then evaluated here, from the server's definitions). Prints what failed, what the
//! waiting calls were told, and what the flag calls answered.

use std::sync::{Arc, Mutex};

use chrono::{DateTime, Utc};
use posthog_rs::{
    CaptureCompression, CaptureExceptionOptions, CaptureSummary, Client, ClientOptionsBuilder,
    Error, EvaluateFlagsOptions, Event, PostHogError, RequestContext,
};
use serde_json::{json, Value};
use uuid::Uuid;

type Errors = Arc<Mutex<Vec<String>>>;

struct Chosen {
    settings: Value,
}

impl Chosen {
    fn text(&self, key: &str) -> &str {
        self.settings[key].as_str().unwrap_or("")
    }

    /// A distinct id of this run.
    fn id(&self, name: &str) -> String {
        format!("{}-{name}", self.text("unique"))
    }

    fn event(&self, event: &str, name: &str) -> Event {
        Event::new(event.to_string(), self.id(name))
    }

    fn with<const N: usize>(
        &self,
        event: &str,
        name: &str,
        properties: [(&str, Value); N],
    ) -> Event {
        let mut event = self.event(event, name);
        for (key, value) in properties {
            event.insert_prop(key, value).expect("a JSON value");
        }
        event
    }
}

fn options(chosen: &Chosen, errors: &Errors) -> ClientOptionsBuilder {
    let seen = errors.clone();
    let mut builder = ClientOptionsBuilder::default();
    builder
        .api_key(chosen.text("token").to_string())
        .host(chosen.text("host"))
        .flush_at(4)
        .before_send(|mut event| {
            event.insert_prop("service", "shop").ok()?;
            (event.event_name() != "held back").then_some(event)
        })
        .on_error(move |error| {
            seen.lock().unwrap().push(match error {
                PostHogError::Capture(failure) => format!("capture: {:?}", failure.error()),
                PostHogError::FeatureFlags(failure) => format!("flags: {}", failure.error()),
                PostHogError::LocalEvaluation(failure) => format!("poll: {}", failure.error()),
                _ => "another error".to_string(),
            })
        });
    match chosen.text("compression") {
        "" => &mut builder,
        "gzip" => builder.capture_compression(CaptureCompression::Gzip),
        "deflate" => builder.capture_compression(CaptureCompression::Deflate),
        "br" => builder.capture_compression(CaptureCompression::Br),
        "zstd" => builder.capture_compression(CaptureCompression::Zstd),
        other => panic!("no compression is called {other}"),
    };
    if !chosen.text("secret_key").is_empty() {
        builder
            .secret_key(chosen.text("secret_key"))
            .enable_local_evaluation(true);
    }
    builder
}

async fn send_events(client: &Client, chosen: &Chosen) -> Result<(), Error> {
    client.capture(chosen.with(
        "$pageview",
        "visitor",
        [("$current_url", json!("https://shop.test/a?b=1"))],
    ));
    let mut signed_up = chosen.with(
        "signed up",
        "user",
        [
            ("plan", json!("größte")),
            ("seats", json!(3)),
            ("ratio", json!(0.25)),
            ("deep", json!({"a": [1]})),
            ("big", json!(9007199254740993u64)),
            ("$set", json!({"email": "a@example.test"})),
        ],
    );
    signed_up.set_uuid(Uuid::parse_str(chosen.text("uuid")).expect("a UUID"));
    let at = DateTime::parse_from_rfc3339(chosen.text("timestamp")).expect("a time");
    signed_up.set_timestamp(at)?;
    client.capture(signed_up);
    client.capture(chosen.with(
        "$identify",
        "user",
        [
            ("$anon_distinct_id", json!(chosen.id("visitor"))),
            ("$set", json!({"name": "Ada"})),
            ("$set_once", json!({"first_seen": "today"})),
        ],
    ));
    client.alias(chosen.id("user"), chosen.id("alias"));
    client.group_identify(
        "company",
        chosen.id("group"),
        json!({"name": "Acme", "size": 11}),
    )?;
    let mut grouped = chosen.event("grouped", "user");
    grouped.add_group("company", &chosen.id("group"));
    client.capture(grouped);
    client.capture(chosen.event("held back", "user"));
    let mut anonymous = Event::new_anon("anonymous");
    anonymous.insert_prop("unique", chosen.text("unique"))?;
    client.capture(anonymous);
    let context = RequestContext::new()
        .distinct_id(chosen.id("user"))
        .session_id("s-1");
    client.capture(context.event("in a request"));
    client.flush().await;
    client.capture_batch(
        vec![
            chosen.event("by alias", "alias"),
            chosen.event("batched", "user"),
        ],
        false,
    );
    client.capture_batch(vec![chosen.event("imported", "user")], true);
    Ok(())
}

async fn send_exceptions(client: &Client, chosen: &Chosen) -> Result<(), Error> {
    let broken = std::io::Error::other("something broke");
    client
        .capture_exception_with(
            &broken,
            CaptureExceptionOptions::new()
                .distinct_id(chosen.id("user"))
                .property("route", "/checkout")?
                .fingerprint("checkout"),
        )
        .await?;
    let unique = std::io::Error::other(format!("{} nobody's", chosen.text("unique")));
    client.capture_exception(&unique).await
}

async fn ask_flags(client: &Client, chosen: &Chosen) -> Result<Value, Error> {
    let user = chosen.id("user");
    let options = EvaluateFlagsOptions::default();
    let flags = client
        .evaluate_flags(user.as_str(), options.clone())
        .await?;
    let mut event = chosen.event("with flags", "user");
    let enabled = flags.is_enabled("new-shop");
    event.with_flags(&flags.only_accessed());
    client.capture(event);
    let context = RequestContext::new().distinct_id(user.as_str());
    let in_context = client
        .evaluate_flags_with_context(&context, options)
        .await?;
    Ok(json!({
        "enabled": enabled,
        "value": flags.get_flag("new-shop").is_some(),
        "payload": flags.get_flag_payload("new-shop"),
        "keys": flags.keys().len() + in_context.keys().len(),
    }))
}

async fn send_and_wait(client: &Client, chosen: &Chosen) -> Result<Value, Error> {
    let told = |summary: CaptureSummary| json!([summary.submitted(), summary.all_persisted()]);
    let one = client
        .capture_immediate(chosen.event("waited for", "user"))
        .await?;
    let two = client.capture_batch_immediate(
        vec![
            chosen.event("waited for 2", "user"),
            chosen.event("waited for 3", "user"),
        ],
        false,
    );
    let two = two.await?;
    let import = client
        .capture_batch_immediate(vec![chosen.event("imported", "alias")], true)
        .await?;
    Ok(json!([told(one), told(two), told(import)]))
}

async fn send_globally(chosen: &Chosen, errors: &Errors) -> Result<(), Error> {
    posthog_rs::init_global(options(chosen, errors).build().expect("options")).await?;
    posthog_rs::capture(chosen.event("global", "user"));
    posthog_rs::flush().await;
    posthog_rs::capture(chosen.event("global at the end", "user"));
    posthog_rs::shutdown().await;
    Ok(())
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let argument = std::env::args().nth(1).expect("the settings as JSON");
    let chosen = Chosen {
        settings: serde_json::from_str(&argument).expect("JSON"),
    };
    let errors = Errors::default();
    let started: DateTime<Utc> = Utc::now();
    let client = posthog_rs::client(options(&chosen, &errors).build().expect("options")).await;
    send_events(&client, &chosen).await?;
    send_exceptions(&client, &chosen).await?;
    let flags = ask_flags(&client, &chosen).await?;
    let told = send_and_wait(&client, &chosen).await?;
    client.shutdown().await;
    send_globally(&chosen, &errors).await?;
    let seconds = (Utc::now() - started).num_seconds();
    let seen = errors.lock().unwrap().clone();
    println!(
        "{}",
        json!({"errors": seen, "flags": flags, "told": told, "seconds": seconds})
    );
    Ok(())
}
