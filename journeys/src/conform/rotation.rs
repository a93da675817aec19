//! The rule of refresh, step by step on one session.

use super::{
    Answer,
    fields::{Fields, INVALID, MISSING},
};
use authmint_domain::model::rotation::{Presented, RotationState, Verdict, Windows};
use authmint_protocol::time::Timestamp;
use serde_json::{Value, json};
use std::{collections::HashMap, time::Duration};

/// A session that begins at second 0 with one token, named `first`.
///
/// `lose` holds pairs of a step's index, counted from 0, and how many commits a failover loses right after it. An
/// ended session stays ended: its end is acknowledged only once no failover can lose it.
pub(super) fn rotate(fields: &Fields<'_>) -> Answer {
    let steps = fields.list("steps")?;
    let usual = Windows::default();
    let window = |name, usual| fields.seconds(name).map(|given| given.map_or(usual, Duration::from_secs));
    let windows = Windows { grace: window("grace", usual.grace)?, settle: window("settle", usual.settle)? };
    let losses = losses(fields)?;
    let mut story = Story::new(windows);
    let mut answers = Vec::new();
    for (index, step) in steps.iter().enumerate() {
        answers.push(story.step(step)?);
        for (_, commits) in losses.iter().filter(|(after, _)| *after == index) {
            story.lose(*commits);
        }
    }
    Ok(Value::Array(answers))
}

fn losses(fields: &Fields<'_>) -> Result<Vec<(usize, usize)>, &'static str> {
    if fields.optional("lose").is_none() {
        return Ok(Vec::new());
    }
    let number = |value: &Value| value.as_u64().and_then(|number| usize::try_from(number).ok());
    fields
        .list("lose")?
        .iter()
        .map(|pair| match pair.as_array().map(Vec::as_slice) {
            Some([after, commits]) => Some((number(after)?, number(commits)?)),
            _ => None,
        })
        .collect::<Option<_>>()
        .ok_or(INVALID)
}

struct Story<'q> {
    windows: Windows,
    /// Every committed state, the current one last; never empty.
    commits: Vec<RotationState>,
    ended: bool,
    tokens: HashMap<&'q str, Presented>,
}

impl<'q> Story<'q> {
    fn new(windows: Windows) -> Self {
        let first = Presented { generation: 1, branch: 1 };
        let commits = vec![RotationState::first(Timestamp::EPOCH)];
        Self { windows, commits, ended: false, tokens: HashMap::from([("first", first)]) }
    }

    fn step(&mut self, step: &'q Value) -> Answer {
        let at = step.get("at").ok_or(MISSING)?.as_i64().ok_or(INVALID)?;
        let name = step.get("present").ok_or(MISSING)?.as_str().ok_or(INVALID)?;
        let keep = step.get("keep").filter(|keep| !keep.is_null());
        let keep = keep.map(|keep| keep.as_str().ok_or(INVALID)).transpose()?;
        let Some(token) = self.tokens.get(name).copied() else {
            return Ok(json!({ "error": "token_unknown" }));
        };
        if self.ended {
            return Ok(json!({ "error": "session_revoked" }));
        }
        let state = self.commits.last().ok_or(INVALID)?;
        match state.decide(token, Timestamp::from_unix_seconds(at), self.windows) {
            Verdict::Theft => {
                self.ended = true;
                Ok(json!({ "error": "session_revoked" }))
            }
            Verdict::Reply { row, reply, change } => {
                let wrote = change.is_some();
                self.commits.extend(change);
                if let Some(keep) = keep {
                    self.tokens.insert(keep, reply);
                }
                Ok(json!({
                    "generation": reply.generation, "branch": reply.branch, "row": row.number(), "wrote": wrote
                }))
            }
        }
    }

    /// A failover to a replica that had not seen the last commits; the session's making is never lost.
    fn lose(&mut self, commits: usize) {
        let kept = self.commits.len().saturating_sub(commits).max(1);
        self.commits.truncate(kept);
    }
}

#[cfg(test)]
mod tests {
    use crate::conform::tests::ask_one;
    use serde_json::{Value, json};

    fn rotate(steps: &Value, lose: &Value) -> Value {
        ask_one(&json!({ "id": 1, "fn": "rotate", "steps": steps, "grace": 10, "settle": 180, "lose": lose }))
            .unwrap()
    }

    fn answer(generation: u32, branch: u32, row: u8, wrote: bool) -> Value {
        json!({ "generation": generation, "branch": branch, "row": row, "wrote": wrote })
    }

    #[test]
    fn a_lost_answer_is_made_up_for_and_two_holders_end_the_session() {
        let steps = json!([
            { "at": 10, "present": "first" },
            { "at": 200, "present": "first", "keep": "second" },
            { "at": 205, "present": "first" },
            { "at": 300, "present": "first", "keep": "late" },
            { "at": 500, "present": "late", "keep": "third" },
            { "at": 700, "present": "second" },
            { "at": 701, "present": "third" },
            { "at": 702, "present": "nobody" },
        ]);
        let revoked = json!({ "error": "session_revoked" });
        let expected = json!([
            answer(1, 1, 2, false),
            answer(2, 1, 3, true),
            answer(2, 1, 4, false),
            answer(2, 2, 6, true),
            answer(3, 1, 3, true),
            revoked,
            revoked,
            { "error": "token_unknown" },
        ]);
        assert_eq!(rotate(&steps, &json!(null)), expected);
    }

    #[test]
    fn a_failover_that_lost_a_rotation_adopts_the_token_that_proves_it() {
        let steps =
            json!([{ "at": 200, "present": "first", "keep": "second" }, { "at": 400, "present": "second" }]);
        assert_eq!(rotate(&steps, &json!([])), json!([answer(2, 1, 3, true), answer(3, 1, 3, true)]));
        assert_eq!(rotate(&steps, &json!([[0, 1]])), json!([answer(2, 1, 3, true), answer(2, 1, 1, true)]));
    }
}
