//! What EXPLAIN shows of a gathered statement.

use ostrakon_router::plan::{Execution, Gather, RoutedPlan, TableName};

use super::statistics::Expected;
use crate::session::dispatch::Input;
use crate::session::{Failure, Session};

/// A physical statement of a gathered statement.
pub struct Explained {
    /// Empty for the statement over the temporary tables.
    pub group: String,
    pub names: Vec<TableName>,
    pub statement: String,
    /// What it is expected to bring; `None` for the answer.
    pub expected: Option<Expected>,
    /// Only rows are brought whose values these columns of other tables have, when they are few.
    pub links: Vec<String>,
    /// What the scatter guard says of it.
    pub refused: Option<String>,
}

impl Session {
    /// Each source's physical statements, by group, and the statement over all of them.
    pub async fn explain_gathered(
        &mut self,
        gather: &Gather,
        plan: &RoutedPlan,
        input: Input<'_>,
    ) -> Result<Vec<Explained>, Failure> {
        let mut explained = Vec::new();
        let place = self.choose_place(gather, plan)?;
        for question in self.system_questions(gather, place.instance, input).await? {
            explained.push(Explained {
                group: question.place,
                names: Vec::new(),
                statement: question.sql,
                expected: None,
                links: Vec::new(),
                refused: None,
            });
        }
        for source in gather.sources.iter().filter(|source| !place.direct.contains_key(&source.table)) {
            let planned = self.plan_source(source, input, &[])?;
            let execution = self.route_source(&planned)?;
            let inner = planned.plan()?;
            let expected = self.expected(gather, source, execution.statements.len()).await;
            let each = execution.statements.len().max(1) as u64;
            let links =
                source.links.iter().map(|link| format!("{}.{}", link.table, link.other)).collect::<Vec<_>>();
            for statement in &execution.statements {
                let group = inner.database.as_ref().and_then(|database| database.groups.get(statement.group));
                explained.push(Explained {
                    group: group.map_or_else(String::new, |group| group.name.clone()),
                    names: inner.tables.clone(),
                    statement: String::from_utf8_lossy(execution.text(statement)).into_owned(),
                    expected: Some(Expected { rows: expected.rows / each, bytes: expected.bytes / each }),
                    links: links.clone(),
                    refused: self.refused(inner, &execution),
                });
            }
        }
        for made in &gather.made {
            let direct = |table: &str| place.direct.get(table).copied();
            let query = gather.made_by(made, &self.arguments(plan, input, &[], &[]), &direct);
            explained.push(Explained {
                group: String::new(),
                names: gather.names.clone(),
                statement: String::from_utf8_lossy(&query).into_owned(),
                expected: None,
                links: Vec::new(),
                refused: None,
            });
        }
        let mut execution = Execution::default();
        let direct = |table: &str| place.direct.get(table).copied();
        gather.statement_into(&self.arguments(plan, input, &[], &[]), &direct, &mut execution);
        let text =
            execution.statements.first().map(|statement| execution.text(statement)).unwrap_or_default();
        explained.push(Explained {
            group: String::new(),
            names: gather.names.clone(),
            statement: String::from_utf8_lossy(text).into_owned(),
            expected: None,
            links: Vec::new(),
            refused: None,
        });
        Ok(explained)
    }
}
