//! Tenants' clocks: shown, set, moved.

use serde::{Deserialize, Serialize};

use super::{House, read};
use crate::call::Call;
use crate::clock::{Clock, Mode, Moment, parse_duration};
use crate::problem::Problem;
use crate::reply::Reply;

#[derive(Serialize)]
pub(super) struct Shown {
    mode: Mode,
    now: Moment,
}

impl From<&Clock> for Shown {
    fn from(clock: &Clock) -> Self {
        Self { mode: clock.mode(), now: clock.now() }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Set {
    tenant: Option<String>,
    mode: Option<String>,
    now: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Advance {
    tenant: Option<String>,
    by: String,
}

pub(super) fn show(house: House<'_>, call: &Call) -> Result<Reply, Problem> {
    answer(house, read::query(call, "tenant").as_deref())
}

pub(super) fn set(house: House<'_>, call: &Call) -> Result<Reply, Problem> {
    let set: Set = read::body(call)?;
    let named = set.tenant.or_else(|| read::query(call, "tenant"));
    let mode = set.mode.map(|mode| mode.parse::<Mode>()).transpose().map_err(|error| refusal("mode", &error))?;
    let now = set.now.map(|now| now.parse::<Moment>()).transpose().map_err(|error| refusal("now", &error))?;
    each(house, named.as_deref(), |clock| clock.set(mode.unwrap_or_else(|| clock.mode()), now))?;
    answer(house, named.as_deref())
}

pub(super) fn advance(house: House<'_>, call: &Call) -> Result<Reply, Problem> {
    let advance: Advance = read::body(call)?;
    let by = parse_duration(&advance.by).map_err(|error| refusal("by", &error))?;
    let named = advance.tenant.or_else(|| read::query(call, "tenant"));
    each(house, named.as_deref(), |clock| clock.advance(by))?;
    answer(house, named.as_deref())
}

fn each(house: House<'_>, named: Option<&str>, act: impl Fn(&Clock)) -> Result<(), Problem> {
    match read::tenant(house, named)? {
        Some(tenant) => act(&tenant.clock),
        None => house.tenants.each_clock(act),
    }
    Ok(())
}

fn answer(house: House<'_>, named: Option<&str>) -> Result<Reply, Problem> {
    let shown = match read::tenant(house, named)? {
        Some(tenant) => Shown::from(&*tenant.clock),
        None => Shown::from(house.tenants.first_clock()),
    };
    Ok(Reply::json(200, &shown))
}

fn refusal(field: &str, error: &str) -> Problem {
    Problem::text(422, format!("{field}: {error}"))
}
