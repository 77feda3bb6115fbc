//! URL templates and the request grammar, both directions.
