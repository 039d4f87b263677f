//! What the running server recorded, as its admin API shows it.

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::{Expectation, Expectations};
use crate::cli::client::ClientResponse;

/// What the server recorded.
#[derive(Debug)]
pub(super) enum Evidence {
    /// The server does not know the tenant; its reason.
    UnknownTenant(String),
    /// The server's records.
    Recorded(Records),
}

/// The records that the expectations are about.
#[derive(Debug)]
pub(super) struct Records {
    pub(super) retries: RetriesBody,
    /// The fault rules; empty if nothing is expected of them.
    pub(super) rules: Vec<FaultRule>,
    /// What was created and not deleted; empty if nothing is expected of it.
    pub(super) litter: Vec<LitterItem>,
}

#[derive(Debug, Deserialize)]
pub(super) struct RetriesBody {
    pub(super) single_calls: usize,
    pub(super) chains: Vec<ChainBody>,
    pub(super) duplicate_writes: Vec<DuplicateBody>,
    pub(super) dropped: u64,
}

/// A request and its retries.
#[derive(Debug, Deserialize)]
pub(super) struct ChainBody {
    pub(super) tenant: Option<String>,
    pub(super) operation: Option<String>,
    pub(super) attempts: Vec<AttemptBody>,
    pub(super) early_retries: usize,
    pub(super) needless_retries: usize,
}

/// A resource that was created again.
#[derive(Debug, Deserialize)]
pub(super) struct DuplicateBody {
    pub(super) tenant: Option<String>,
    pub(super) operation: Option<String>,
    pub(super) first: u64,
    pub(super) second: u64,
}

#[derive(Debug, Deserialize)]
pub(super) struct AttemptBody {
    pub(super) seq: u64,
    pub(super) status: Option<u16>,
    pub(super) outcome: String,
    pub(super) gap_ms: Option<u64>,
    pub(super) promised_ms: Option<u64>,
}

#[derive(Debug, Deserialize)]
pub(super) struct FaultRule {
    pub(super) name: String,
    pub(super) rule: String,
    pub(super) strikes: u64,
}

#[derive(Debug, Deserialize)]
pub(super) struct LitterItem {
    pub(super) tenant: String,
    pub(super) kind: String,
    pub(super) id: String,
}

#[derive(Deserialize)]
struct FaultsBody {
    faults: Vec<FaultRule>,
}

#[derive(Deserialize)]
struct LitterBody {
    litter: Vec<LitterItem>,
}

/// Fetches the records that the expectations are about; `get` requests a path of the admin API.
///
/// Errors: the server does not respond, or not with the expected JSON.
pub(super) fn fetch(
    get: impl Fn(&str) -> Result<ClientResponse, String>,
    expected: &Expectations,
) -> Result<Evidence, String> {
    let query = expected.tenant.as_deref().map_or_else(String::new, |tenant| {
        let encoded: String = form_urlencoded::byte_serialize(tenant.as_bytes()).collect();
        format!("?tenant={encoded}")
    });
    let get = |path: &str| {
        let path = format!("{path}{query}");
        get(&path).map(|response| (path, response))
    };
    let (path, response) = get("/__admin/retries")?;
    if response.status == 404 && expected.tenant.is_some() {
        let body: Value = serde_json::from_str(&response.body).unwrap_or_default();
        return Ok(Evidence::UnknownTenant(body["detail"].as_str().unwrap_or(&response.body).to_owned()));
    }
    let retries = read(&(path, response))?;
    let (mut rules, mut litter) = (Vec::new(), Vec::new());
    if expected.all.contains(&Expectation::AllRulesStruck) {
        rules = read::<FaultsBody>(&get("/__admin/faults")?)?.faults;
    }
    if expected.all.contains(&Expectation::NoLitter) {
        litter = read::<LitterBody>(&get("/__admin/litter")?)?.litter;
    }
    Ok(Evidence::Recorded(Records { retries, rules, litter }))
}

/// Reads the response for a path.
fn read<T: DeserializeOwned>((path, response): &(String, ClientResponse)) -> Result<T, String> {
    let url = format!("{}{path}", response.base_url);
    if response.status != 200 {
        return Err(format!("{url}: status {}: {}", response.status, response.body));
    }
    serde_json::from_str(&response.body).map_err(|error| format!("{url}: unexpected JSON: {error}"))
}
