//! How much memory of which kind an ELF image takes.

use std::fs;
use std::path::Path;

use object::{Object, ObjectSection, SectionKind};

use crate::Result;

/// Bytes per kind of section.
#[derive(Clone, Copy, Default, PartialEq, Eq, Debug)]
pub(crate) struct Sizes {
    /// Instructions.
    pub(crate) text: u64,
    /// Constants.
    pub(crate) rodata: u64,
    /// Variables with a first value: in RAM, and that value in flash.
    pub(crate) data: u64,
    /// Variables that start as zero: in RAM only.
    pub(crate) bss: u64,
}

impl Sizes {
    /// Adds up the sections of an ELF file.
    pub(crate) fn of_file(path: &Path) -> Result<Self> {
        let image =
            fs::read(path).map_err(|error| format!("cannot read {}: {error}", path.display()))?;
        Self::of_elf(&image)
    }

    /// Adds up the sections of the ELF file in `image`.
    pub(crate) fn of_elf(image: &[u8]) -> Result<Self> {
        let file =
            object::File::parse(image).map_err(|error| format!("not an ELF image: {error}"))?;
        let mut sizes = Self::default();
        for section in file.sections() {
            // Not variables, but what is left beside them: riscv-rt has sections of this name for it.
            if matches!(section.name(), Ok(".heap" | ".stack")) {
                continue;
            }
            match section.kind() {
                SectionKind::Text => sizes.text += section.size(),
                SectionKind::ReadOnlyData | SectionKind::ReadOnlyString => {
                    sizes.rodata += section.size()
                }
                SectionKind::Data => sizes.data += section.size(),
                SectionKind::UninitializedData => sizes.bss += section.size(),
                // Symbols, debug information, attributes: never loaded.
                _ => {}
            }
        }
        Ok(sizes)
    }

    /// What the image takes of flash.
    pub(crate) fn flash(self) -> u64 {
        self.text + self.rodata + self.data
    }

    /// What its variables take of RAM; the stack comes on top.
    pub(crate) fn ram(self) -> u64 {
        self.data + self.bss
    }
}

/// A table with one line per image, in bytes.
pub(crate) fn table(images: &[(&str, Sizes)]) -> String {
    let mut lines = format!(
        "{:<28} {:>8} {:>8} {:>8} {:>8} {:>8} {:>8}\n",
        "image", "text", "rodata", "data", "bss", "flash", "ram"
    );
    for (target, sizes) in images {
        let Sizes { text, rodata, data, bss } = *sizes;
        let (flash, ram) = (sizes.flash(), sizes.ram());
        lines +=
            &format!("{target:<28} {text:>8} {rodata:>8} {data:>8} {bss:>8} {flash:>8} {ram:>8}\n");
    }
    lines
}
