//! How one promotion reads, and what it means for the exit code.

use anyhow::bail;
use forebay_wire::promotions::{Approval, GateResult, Promotion};

use super::Outcome;
use crate::shell::table::{Cell, Table};
use crate::shell::words::{count, holder, utc};

/// Everything about a promotion.
pub(super) fn text(promotion: &Promotion) -> String {
    let number = |text: &Option<String>| text.clone().unwrap_or_else(|| "none".to_owned());
    let status = promotion.status.clone().unwrap_or_default();
    let is_override = promotion.is_override == Some(true);
    let mut blocks = vec![
        Table::of_pairs([
            (
                "Promotion",
                promotion.promotion_id.clone().unwrap_or_else(|| "(nothing is changed)".to_owned()).into(),
            ),
            ("Model", promotion.name.clone().into()),
            ("Target", holder(promotion.alias.as_deref(), promotion.stage.as_deref()).into()),
            ("From version", number(&promotion.previous_version).into()),
            ("To version", number(&promotion.version).into()),
            ("Status", if is_override { format!("{status}, gates overridden") } else { status }.into()),
            ("Requested", requested(promotion).into()),
            ("Reason", promotion.reason.clone().into()),
            ("Policy", promotion.policy_version.map(|version| format!("version {}", version.0)).into()),
        ])
        .to_string(),
    ];
    if !promotion.gates.is_empty() {
        blocks.push(gates(&promotion.gates).to_string());
    }
    if !promotion.approvals.is_empty() {
        blocks.push(approvals(&promotion.approvals).to_string());
    }
    blocks.join("\n")
}

fn requested(promotion: &Promotion) -> String {
    let user = promotion.requested_by.as_ref().map(|user| format!(" by {user}")).unwrap_or_default();
    format!("{}{user}", utc(promotion.creation_timestamp)).trim().to_owned()
}

fn gates(gates: &[GateResult]) -> Table {
    let mut table = Table::new(["GATE", "RESULT", "FOUND", "WHY"]);
    for gate in gates {
        table.row([
            gate.gate.clone().into(),
            result(gate).into(),
            gate.found.clone().into(),
            gate.reason.clone().into(),
        ]);
    }
    table
}

/// `passed`, or `FAILED` so that it is seen.
pub(super) fn result(gate: &GateResult) -> &'static str {
    if gate.passed == Some(true) { "passed" } else { "FAILED" }
}

fn approvals(approvals: &[Approval]) -> Table {
    let mut table = Table::new(["APPROVED BY", "AT", "COUNTS", "COMMENT"]);
    for approval in approvals {
        let counts = if approval.counts == Some(false) { "no, values changed since" } else { "yes" };
        table.row([
            approval.user.clone().into(),
            utc(approval.timestamp).into(),
            Cell::from(counts),
            approval.comment.clone().into(),
        ]);
    }
    table
}

/// What a promotion means for whoever asked for it.
///
/// # Errors
/// It was refused, or a gate of a dry run failed.
pub(super) fn outcome(promotion: &Promotion) -> anyhow::Result<Outcome> {
    let n_failed = promotion.gates.iter().filter(|gate| gate.passed != Some(true)).count() as u64;
    // Of a dry run, and of a move to where the version is already, nothing is kept and nothing waits.
    let is_kept = promotion.promotion_id.is_some();
    match promotion.status.as_deref() {
        _ if !is_kept && n_failed > 0 && promotion.is_override != Some(true) => {
            bail!("{} would refuse this promotion", count(n_failed, "gate"))
        }
        Some("REFUSED") if n_failed == 0 => bail!("the promotion is refused"),
        Some("REFUSED") => bail!(
            "the promotion is refused by {}; `forebay models promote … --override --reason TEXT` passes them over",
            count(n_failed, "gate")
        ),
        Some("PENDING") if is_kept => Ok(Outcome::Waiting),
        _ => Ok(Outcome::Done),
    }
}

/// What is left to do, for people.
pub(super) fn next_step(promotion: &Promotion) -> Option<String> {
    let required = promotion.required_approvals.map_or(0, |number| number.0);
    let given = promotion.approvals.iter().filter(|approval| approval.counts != Some(false)).count();
    let missing = u64::try_from(required).unwrap_or_default().saturating_sub(given as u64);
    match (promotion.status.as_deref(), &promotion.promotion_id) {
        (Some("PENDING"), Some(id)) => Some(format!(
            "It waits for {} more (of {required}): forebay models approve {id}",
            count(missing, "approval")
        )),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn gate(passed: bool) -> GateResult {
        GateResult {
            gate: Some("metrics.auc > 0.8".to_owned()),
            passed: Some(passed),
            found: Some("0.91".to_owned()),
            reason: None,
        }
    }

    fn promotion(status: &str, gates: Vec<GateResult>) -> Promotion {
        Promotion {
            promotion_id: Some("p1".to_owned()),
            name: Some("fraud".to_owned()),
            version: Some("4".to_owned()),
            previous_version: Some("3".to_owned()),
            alias: Some("champion".to_owned()),
            status: Some(status.to_owned()),
            requested_by: Some("ann".to_owned()),
            creation_timestamp: Some(1_700_000_000_000.into()),
            required_approvals: Some(2.into()),
            approvals: vec![Approval { user: Some("bob".to_owned()), ..Approval::default() }],
            gates,
            ..Promotion::default()
        }
    }

    #[test]
    fn a_promotion_is_told_with_its_gates_and_the_values_found() {
        let text = text(&promotion("PENDING", vec![gate(true), gate(false)]));
        assert!(text.contains("From version  3\nTo version    4\nStatus        PENDING\n"), "{text}");
        assert!(text.contains("Requested     2023-11-14T22:13:20Z by ann\n"), "{text}");
        let gates = "GATE               RESULT  FOUND  WHY\n\
                     metrics.auc > 0.8  passed  0.91\n\
                     metrics.auc > 0.8  FAILED  0.91\n";
        assert!(text.contains(gates), "{text}");
        assert!(text.contains("APPROVED BY  AT  COUNTS  COMMENT\nbob              yes\n"), "{text}");
    }

    #[test]
    fn what_waits_says_what_is_missing_and_how_to_give_it() {
        let waiting = promotion("PENDING", vec![gate(true)]);
        assert_eq!(outcome(&waiting).unwrap(), Outcome::Waiting);
        let step = next_step(&waiting).unwrap();
        assert_eq!(step, "It waits for 1 approval more (of 2): forebay models approve p1");
        let done = promotion("COMPLETED", vec![gate(true)]);
        assert_eq!((outcome(&done).unwrap(), next_step(&done)), (Outcome::Done, None));
    }

    #[test]
    fn a_failed_gate_is_a_failure_also_of_a_dry_run_but_not_when_it_is_passed_over() {
        assert!(outcome(&promotion("REFUSED", vec![gate(false)])).is_err());
        let dry_run =
            Promotion { promotion_id: None, ..promotion("REFUSED", vec![gate(false), gate(false)]) };
        assert_eq!(outcome(&dry_run).unwrap_err().to_string(), "2 gates would refuse this promotion");
        let dry_run = Promotion { promotion_id: None, ..promotion("PENDING", vec![gate(true)]) };
        assert_eq!(outcome(&dry_run).unwrap(), Outcome::Done);
        let passed_over = Promotion { is_override: Some(true), ..promotion("COMPLETED", vec![gate(false)]) };
        assert_eq!(outcome(&passed_over).unwrap(), Outcome::Done);
    }
}
