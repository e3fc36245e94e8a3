//! `GET /metrics`, for Prometheus (OpenMetrics text).

use std::fmt;

use axum::extract::State;
use axum::http::{HeaderName, header};
use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric};
use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::counter::ConstCounter;
use prometheus_client::metrics::gauge::ConstGauge;
use prometheus_client::registry::Registry;

use super::Api;
use super::problem::Problem;
use crate::view::Metrics;

const OPENMETRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";
/// Names of what is as it is now, rather than counted.
const GAUGES: [&str; 4] = ["peers.", "messages.under-way", "messages.in-line", "handlers."];
const DROPPED: &str = "dropped.";

pub(super) async fn metrics(
    State(api): State<Api>,
) -> Result<([(HeaderName, &'static str); 1], String), Problem> {
    let metrics = api.handle.metrics().await.ok_or_else(Problem::shutting_down)?;
    let mut registry = Registry::with_prefix("underpass");
    registry.register_collector(Box::new(Snapshot(metrics)));
    let mut text = String::new();
    let encoded = prometheus_client::encoding::text::encode(&mut text, &registry);
    encoded.map_err(|_| Problem::unavailable("the metrics cannot be written"))?;
    Ok(([(header::CONTENT_TYPE, OPENMETRICS)], text))
}

#[derive(Debug)]
struct Snapshot(Metrics);

impl Collector for Snapshot {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        for (name, value) in self.0.iter().filter(|(name, _)| !name.starts_with(DROPPED)) {
            let is_gauge =
                GAUGES.iter().any(|gauge| name.starts_with(gauge)) || *name == "requests.waiting";
            let metric = name.replace(['.', '-'], "_");
            let help = name.replace(['.', '-'], " ");
            if is_gauge {
                let gauge = ConstGauge::new(i64::try_from(*value).unwrap_or(i64::MAX));
                gauge.encode(encoder.encode_descriptor(
                    &metric,
                    &help,
                    None,
                    MetricType::Gauge,
                )?)?;
            } else {
                let counter = ConstCounter::new(*value);
                let kind = MetricType::Counter;
                counter.encode(encoder.encode_descriptor(&metric, &help, None, kind)?)?;
            }
        }
        let help = "Datagrams that were refused";
        let mut dropped = encoder.encode_descriptor("dropped", help, None, MetricType::Counter)?;
        for (name, value) in &self.0 {
            let Some(reason) = name.strip_prefix(DROPPED) else { continue };
            let label = [("reason", reason)];
            ConstCounter::new(*value).encode(dropped.encode_family(&label)?)?;
        }
        Ok(())
    }
}
