//! How the rule is proven: every interleaving for small bounds, a random simulation for real sizes, and the drafts
//! and public algorithms that the same harness shows to fail.

use super::{LateBranch, ParentWinner, Presented, RotationState, Row, Verdict, Windows};

mod check;
mod drafts;
mod explore;
mod holders;
mod jar;
mod simulate;
mod thieves;
