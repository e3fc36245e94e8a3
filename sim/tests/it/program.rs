//! The program as people and CI call it: arguments in, text and an exit code out.

mod cells;
mod diff;
mod files;
mod filters;
mod junit;
mod list_and_check;
mod output;
mod replay;
mod selection;
mod verdicts;
mod written;
