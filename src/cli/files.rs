//! Writes files that are whole or not there.

use std::fs::{File, OpenOptions};
use std::io::{self, BufWriter, Write};
use std::path::Path;

use super::exit::ExitError;
use crate::instance::{Instance, write_snapshot};

/// Writes a temporary file next to `file` and renames it, so that `file` is never incomplete. No other file is touched.
pub(super) fn write_atomically(
    file: &Path,
    write: impl FnOnce(&mut BufWriter<File>) -> io::Result<()>,
) -> io::Result<()> {
    let mut temporary = file.as_os_str().to_owned();
    temporary.push(format!(".{}.part", std::process::id()));
    let mut writer = BufWriter::new(OpenOptions::new().write(true).create_new(true).open(&temporary)?);
    let written = write(&mut writer).and_then(|()| writer.flush()).and_then(|()| std::fs::rename(&temporary, file));
    written.inspect_err(|_| {
        // The error of the write says more than one about what is left of it.
        let _ = std::fs::remove_file(&temporary);
    })
}

/// Writes all that the tenants of a server have.
pub(super) fn export(instance: &Instance, file: &Path, flag: &str) -> Result<(), ExitError> {
    let (seed, tenants) = (instance.settings.seed, instance.tenants.all());
    let written = write_atomically(file, |writer| write_snapshot(seed, &tenants, writer));
    written.map_err(|error| ExitError::unwritable(flag, file, &error))
}

/// Writes the file of `--export-on-exit`.
pub(super) fn export_on_exit(instance: &Instance) -> Result<(), ExitError> {
    let file = instance.settings.export_on_exit.as_deref();
    file.map_or(Ok(()), |file| export(instance, file, "export-on-exit"))
}
