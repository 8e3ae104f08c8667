//! RETURNING of a write that needs rows first: what its statements return is kept, and is the answer when all of it has succeeded.

use std::rc::Rc;

use ostrakon_router::plan::{Execution, Returning, RoutedPlan};

use super::frame::Frame;
use crate::backend::connection::Answer;
use crate::backend::settings::Settings;
use crate::exec::returned::Returned;
use crate::exec::send::Sending;
use crate::session::dispatch::Input;
use crate::session::{Failure, Session};

/// How the rows are asked for, and where they go.
pub(super) struct Answering<'a> {
    pub returning: &'a Returning,
    pub returned: Returned,
    /// The client's protocol and parameters: those that the statements have markers for.
    sending: Sending<'a>,
    /// The first of them that the statements of the write itself have a marker for.
    pub first_parameter: usize,
    /// Those of the frame, but for the client's character set.
    settings: Rc<Settings>,
}

impl Session {
    /// `sending`: the protocol that the client's statement came in.
    pub(super) fn answering<'a>(
        &self,
        returning: &'a Returning,
        frame: &Frame,
        sending: Sending<'a>,
    ) -> Answering<'a> {
        let settings = match frame.results() {
            Some(results) => self.settings.with("character_set_results", results.to_owned()),
            None => self.settings.without("character_set_results"),
        };
        Answering {
            returning,
            returned: Returned::new(self.worker.node.config.limits.merge_memory),
            sending,
            first_parameter: 0,
            settings: self.worker.intern(settings),
        }
    }

    /// Runs a part of the write, and keeps what it returns.
    pub(super) async fn write_answering(
        &mut self,
        plan: &RoutedPlan,
        execution: &Execution,
        first_row: usize,
        answering: Option<&mut Answering<'_>>,
    ) -> Result<Vec<Vec<Answer>>, Failure> {
        let Some(answering) = answering else {
            return self.write_part(plan, execution, first_row).await;
        };
        let frame = std::mem::replace(&mut self.settings, Rc::clone(&answering.settings));
        let sending = match answering.sending {
            Sending::Text => Sending::Text,
            Sending::Prepared(all) => {
                Sending::Prepared(all.get(answering.first_parameter..).unwrap_or_default())
            }
        };
        let returned = &mut answering.returned;
        let answers = self.write_part_returning(plan, execution, first_row, sending, returned).await;
        self.settings = frame;
        answers
    }

    /// Asks for the columns where nothing was written.
    pub(super) async fn describe_nothing(
        &mut self,
        answering: &mut Answering<'_>,
        input: Input<'_>,
    ) -> Result<(), Failure> {
        if answering.returned.has_columns() {
            return Ok(());
        }
        let returning = answering.returning;
        answering.first_parameter = 0;
        let mut execution = Execution::default();
        returning.nothing_into(&self.text_arguments(input), &mut execution);
        self.write_answering(&returning.plan, &execution, 0, Some(answering)).await.map(|_| ())
    }
}
