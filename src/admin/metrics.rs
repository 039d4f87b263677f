//! The counters of the server in the text format of Prometheus. No label has a text of a request, and none names a
//! tenant.

use std::fmt;
use std::sync::atomic::Ordering;

use prometheus_client::encoding::prometheus_text::{CONTENT_TYPE, encode};
use prometheus_client::encoding::{EncodeMetric, MetricEncoder, NoLabelSet};
use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::counter::{ConstCounter, Counter};
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::ConstGauge;
use prometheus_client::registry::{Registry, Unit};

use crate::counters::Durations;
use crate::error::ApiError;
use crate::instance::Instance;
use crate::request::Request;
use crate::response::Response;

/// A name and its value each.
type Labels = Vec<(&'static str, String)>;

/// A histogram as it was when it was asked for.
#[derive(Debug)]
struct Histogram {
    sum: f64,
    buckets: Vec<(f64, u64)>,
}

impl From<&Durations> for Histogram {
    fn from(durations: &Durations) -> Self {
        Self { sum: durations.sum(), buckets: durations.buckets() }
    }
}

impl EncodeMetric for Histogram {
    fn encode(&self, mut encoder: MetricEncoder<'_>) -> fmt::Result {
        let count = self.buckets.iter().map(|(_, count)| count).sum();
        encoder.encode_histogram::<NoLabelSet>(self.sum, count, &self.buckets, None)
    }

    fn metric_type(&self) -> MetricType {
        MetricType::Histogram
    }
}

#[expect(clippy::unnecessary_wraps, reason = "the signature of handlers")]
pub(super) fn show(instance: &Instance, _: &Request) -> Result<Response, ApiError> {
    let mut text = String::new();
    encode(&mut text, &registry(instance)).expect("a String takes every text");
    Ok(Response::bytes(200, CONTENT_TYPE, text))
}

fn registry(instance: &Instance) -> Registry {
    let (counters, tenants) = (&instance.counters, &instance.tenants);
    let mut registry = Registry::with_prefix("llamacloud_mock");
    registry.register("requests", "Requests of operations", requests(instance));
    let strikes =
        tenants.strikes_by_rule().into_iter().map(|(rule, strikes)| (vec![("rule", rule.to_string())], strikes));
    registry.register("fault_strikes", "Requests that a fault rule struck", counted(strikes));
    for (name, help, durations) in [
        ("request_duration", "Time until the response of an operation began", &counters.durations),
        ("request_own_duration", "The same without the delays of fault rules", &counters.own_durations),
    ] {
        registry.register_with_unit(name, help, Unit::Seconds, Histogram::from(durations));
    }
    registry.register("tenants", "Tenants", gauge(tenants.all().len()));
    registry.register_with_unit("state", "What counts in --max-state-bytes", Unit::Bytes, gauge(tenants.state_bytes()));
    registry.register(
        "evicted_tenants",
        "Tenants that left their place to another",
        ConstCounter::new(tenants.evictions()),
    );
    registry.register("connections", "Open connections", gauge(counters.connections.load(Ordering::Relaxed)));
    let closed = counters.incidents().into_iter().map(|(cause, count)| (vec![("cause", cause.to_owned())], count));
    registry.register("closed_connections", "Connections that ended before a request", counted(closed));
    registry
}

fn requests(instance: &Instance) -> Family<Labels, Counter> {
    let by_operation = instance.router.operations().enumerate();
    counted(by_operation.flat_map(|(position, operation)| {
        instance.counters.by_status(position).map(move |(status, count)| {
            let status = if status == 0 { "none".to_owned() } else { status.to_string() };
            (vec![("operation", operation.name.to_owned()), ("status", status)], count)
        })
    }))
}

/// A counter for each set of labels.
fn counted(counts: impl Iterator<Item = (Labels, u64)>) -> Family<Labels, Counter> {
    let family = Family::default();
    for (labels, count) in counts {
        Family::<Labels, Counter>::get_or_create(&family, &labels).inc_by(count);
    }
    family
}

fn gauge(count: usize) -> ConstGauge {
    ConstGauge::new(i64::try_from(count).unwrap_or(i64::MAX))
}
