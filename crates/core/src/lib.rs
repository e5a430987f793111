//! The foundations that every other crate of the workspace may import: codes, clocks, ids and search grammar.
//!
//! Pure: nothing here opens a file, a socket or a database, and nothing knows of HTTP frameworks or SQL.
//! Everything a caller sent wrong is one type, [`invalid::Invalid`]; everything random or timed is a trait.
//!
//! In reading order:
//!
//! - [`error_code`]: MLflow's error codes and their HTTP statuses
//! - [`invalid`]: the error of every check of caller input
//! - [`text`], [`columns`]: rules for names and values, and the lengths that a database takes
//! - [`job_id`]: the name of a job
//! - [`nearest`]: the name that somebody probably meant
//! - [`uri`]: what the URI of an artifact leads to
//! - [`causes`]: an error with its causes
//! - [`hexadecimal`]: bytes as text
//! - [`clock`], [`ids`]: time and chance, as arguments
//! - [`python`]: values as Python writes them
//! - [`page`]: where a page of a search ends
//! - [`page_token`]: how a search goes on after its first page
//! - [`filter`]: the search grammar, one file per entity that can be searched
//! - [`like`], [`decimal`]: what its patterns match, and sums without a rounding that nobody wrote
//! - [`gate`]: whether a model version passes a condition of a promotion policy

pub mod error_code;
pub mod invalid;
pub mod text;
pub mod columns;
pub mod job_id;
pub mod nearest;
pub mod uri;
pub mod causes;
pub mod hexadecimal;
pub mod clock;
pub mod ids;
pub mod python;
pub mod page;
pub mod page_token;
pub mod filter;
pub mod like;
pub mod decimal;
pub mod gate;
