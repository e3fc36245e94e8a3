//! Where lines go, and in which colours.

use std::env;
use std::io::{self, ErrorKind, IsTerminal, Write};

/// The two outputs of a program.
pub(crate) struct Screen<'w> {
    pub(crate) out: Output<'w>,
    pub(crate) err: Output<'w>,
}

/// Takes lines for as long as somebody reads them.
pub(crate) struct Output<'w> {
    sink: Box<dyn Write + 'w>,
    colored: bool,
    error: Option<io::Error>,
}

/// What a colour means.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Color {
    Good,
    Bad,
    Odd,
    Title,
}

impl Screen<'_> {
    /// Those of this process.
    pub(crate) fn of_process() -> Self {
        let (out, err) = (io::stdout(), io::stderr());
        let (out_colored, err_colored) = (colored(&out), colored(&err));
        Self { out: Output::new(out, out_colored), err: Output::new(err, err_colored) }
    }
}

impl<'w> Output<'w> {
    pub(crate) fn new(sink: impl Write + 'w, colored: bool) -> Self {
        Self { sink: Box::new(sink), colored, error: None }
    }

    pub(crate) fn colored(&self) -> bool {
        self.colored
    }

    pub(crate) fn line(&mut self, line: &str) {
        if self.error.is_none() {
            self.error = writeln!(self.sink, "{line}").and_then(|()| self.sink.flush()).err();
        }
    }

    /// Why lines were lost; that nobody wanted them any more (`| head`) is no error.
    pub(crate) fn error(&self) -> Option<&io::Error> {
        self.error.as_ref().filter(|error| error.kind() != ErrorKind::BrokenPipe)
    }

    /// The text in a colour, if this output has any.
    pub(crate) fn paint(&self, color: Color, text: &str) -> String {
        let code = match color {
            Color::Good => "1;32",
            Color::Bad => "1;31",
            Color::Odd => "1;33",
            Color::Title => "1",
        };
        match self.colored {
            true => format!("\x1b[{code}m{text}\x1b[0m"),
            false => text.into(),
        }
    }
}

fn colored(output: &impl IsTerminal) -> bool {
    let unwanted = env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
    let unable = env::var_os("TERM").is_some_and(|terminal| terminal == "dumb");
    output.is_terminal() && !unwanted && !unable
}
