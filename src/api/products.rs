//! The products of the real API beside the index family, by the beginnings of their paths. None is emulated: a request
//! for one is told from a mistyped path.

/// The beginnings of paths with their products, in whole segments. None is the beginning of another.
const PRODUCTS: &[(&str, &str)] = &[
    ("/api/parsing", "parse"),
    ("/api/v1/parsing", "parse"),
    ("/api/v2/parse", "parse"),
    ("/api/v1/extraction", "extract"),
    ("/api/v1/beta/extraction-agents", "extract"),
    ("/api/v2/extract", "extract"),
    ("/api/v1/classifier", "classify"),
    ("/api/v2/classify", "classify"),
    ("/api/v1/split", "split"),
    ("/api/v1/beta/split", "split"),
    ("/api/v1/beta/sheets", "sheets"),
    ("/api/v1/pipelines", "pipelines"),
    ("/api/v2/pipelines", "pipelines"),
    ("/api/v1/data-sinks", "data sinks"),
    ("/api/v1/beta/data-sinks", "data sinks"),
    ("/api/v1/data-sources", "data sources"),
    ("/api/v1/retrievers", "retrievers"),
    ("/api/v1/beta/retrievers", "retrievers"),
    ("/api/v1/beta/agent-data", "agent data"),
    ("/api/v1/beta/batch-processing", "batches"),
    ("/api/v2/batches", "batches"),
    ("/api/v1/beta/webhook-configs", "webhooks"),
    ("/api/v2/webhook-configs", "webhooks"),
    ("/api/v1/files", "v1 files"),
    ("/api/v1/organizations", "organizations"),
    ("/api/v2/organizations", "organizations"),
    ("/api/v1/projects", "projects"),
    ("/api/v2/projects", "projects"),
    ("/api/v1/jobs", "jobs"),
    ("/api/v1/embedding-model-configs", "embedding models"),
    ("/api/v1/reports", "reports"),
];

/// The product that a path belongs to, as a client wrote the path.
pub(crate) fn product_of(path: &str) -> Option<&'static str> {
    let fits = |prefix: &str| path.strip_prefix(prefix).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
    PRODUCTS.iter().find(|(prefix, _)| fits(prefix)).map(|(_, product)| *product)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api;

    #[test]
    fn whole_segments_decide() {
        assert_eq!(product_of("/api/v2/parse"), Some("parse"));
        assert_eq!(product_of("/api/v2/parse/versions"), Some("parse"));
        for mistyped in ["/api/v2/parser", "/api/v2/pars", "/api/v1/index", "/api/v1/", "/", "/v2/parse"] {
            assert_eq!(product_of(mistyped), None, "{mistyped}");
        }
    }

    #[test]
    fn no_prefix_hides_another_or_repeats_it() {
        for (position, (prefix, _)) in PRODUCTS.iter().enumerate() {
            assert!(
                PRODUCTS[..position]
                    .iter()
                    .all(|(other, _)| !prefix.starts_with(&format!("{other}/")) && prefix != other)
            );
        }
    }

    #[test]
    fn operations_that_are_emulated_are_of_no_product_but_projects() {
        for operation in api::operations() {
            let product = product_of(operation.path);
            assert!(product.is_none_or(|product| product == "projects"), "{}", operation.path);
        }
    }
}
