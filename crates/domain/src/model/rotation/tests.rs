//! The table, line by line, and the threats it answers.
