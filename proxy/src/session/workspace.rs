//! What a session works with while it has a command in hand. A client that rests holds none of it: its worker keeps some for the next commands of any session.

use std::cell::RefCell;
use std::mem::swap;

use ostrakon_router::lexer::Template;
use ostrakon_router::plan::Execution;

use super::Session;

/// How many a worker keeps: more than have a command in hand at once, but in a crowd.
const SPARE: usize = 128;

/// A longer buffer is not kept.
const LONGEST: usize = 128 << 10;

/// Buffers of a command. Empty, but for what they can hold.
#[derive(Default)]
pub struct Workspace {
    output: Vec<u8>,
    scratch: Vec<u8>,
    current: Vec<u8>,
    execution: Option<Box<Execution>>,
    template: Option<Box<Template>>,
}

/// Those that no session has.
#[derive(Default)]
#[expect(
    clippy::vec_box,
    reason = "it goes to a session and back with each command, and one that rests has room for a pointer only"
)]
pub struct Workspaces(RefCell<Vec<Box<Workspace>>>);

impl Session {
    fn swap_with(&mut self, workspace: &mut Workspace) {
        swap(&mut workspace.output, &mut self.client.output);
        swap(&mut workspace.scratch, &mut self.scratch);
        swap(&mut workspace.current, &mut self.current);
    }

    /// One to fill, with what one before it could hold.
    pub(super) fn take_execution(&mut self) -> Box<Execution> {
        self.workspace.as_mut().and_then(|workspace| workspace.execution.take()).unwrap_or_default()
    }

    pub(super) fn put_execution_back(&mut self, execution: Box<Execution>) {
        if let Some(workspace) = &mut self.workspace {
            workspace.execution = Some(execution);
        }
    }

    /// One to fill, with what one before it could hold.
    pub(super) fn take_template(&mut self) -> Box<Template> {
        self.workspace.as_mut().and_then(|workspace| workspace.template.take()).unwrap_or_default()
    }

    pub(super) fn put_template_back(&mut self, template: Box<Template>) {
        if let Some(workspace) = &mut self.workspace {
            workspace.template = Some(template);
        }
    }

    /// A command is there.
    pub(super) fn take_workspace(&mut self) {
        let spare = self.worker.workspaces.0.borrow_mut().pop();
        let mut workspace = spare.unwrap_or_default();
        self.swap_with(&mut workspace);
        self.workspace = Some(workspace);
    }

    /// Its answer is written.
    pub(super) fn put_workspace_back(&mut self) {
        let Some(mut workspace) = self.workspace.take() else { return };
        self.swap_with(&mut workspace);
        for buffer in [&mut workspace.output, &mut workspace.scratch, &mut workspace.current] {
            buffer.clear();
            if buffer.capacity() > LONGEST {
                *buffer = Vec::new();
            }
        }
        workspace.execution.take_if(|execution| execution.capacity() > LONGEST);
        workspace.template.take_if(|template| template.capacity() > LONGEST);
        let mut spare = self.worker.workspaces.0.borrow_mut();
        if spare.len() < SPARE {
            spare.push(workspace);
        }
    }
}
