//! The program as people and CI call it: arguments in, text and an exit code out.

mod cells;
mod files;
mod list_and_check;
mod output;
mod selection;
mod verdicts;
