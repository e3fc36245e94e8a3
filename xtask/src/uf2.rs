//! The form in which an RP2040 takes a program over USB (UF2 specification, version of 2022).

use object::read::elf::{ElfFile32, ProgramHeader};

use crate::Result;

/// Bytes of a block, and of the program in it.
const BLOCK_LEN: usize = 512;
const PAYLOAD_LEN: usize = 256;
/// How blocks begin and end.
const MAGIC: [u32; 2] = [0x0a32_4655, 0x9e5d_5157];
const MAGIC_END: u32 = 0x0ab1_6f30;
/// The family is named, instead of a length.
const HAS_FAMILY: u32 = 0x2000;
const RP2040: u32 = 0xe48b_ff56;
/// Where the processor sees its flash (RP2040 datasheet, section 2.2).
const FLASH: std::ops::Range<u64> = 0x1000_0000..0x1100_0000;

/// Makes blocks of what an ELF file has for the flash.
pub(crate) fn of_elf(image: &[u8]) -> Result<Vec<u8>> {
    let file = ElfFile32::<object::Endianness>::parse(image)
        .map_err(|error| format!("not an ELF image: {error}"))?;
    let endian = file.endian();
    let mut flash = Vec::new();
    for header in file.elf_program_headers() {
        // Where it is loaded from, not where it runs: first values of variables are kept in flash.
        let at = u64::from(header.p_paddr(endian));
        let bytes = header.data(endian, image).map_err(|()| "a broken ELF image".to_owned())?;
        if bytes.is_empty() || !FLASH.contains(&at) {
            continue;
        }
        let place = (at - FLASH.start) as usize;
        let end = place + bytes.len();
        if flash.len() < end {
            flash.resize(end, 0);
        }
        flash[place..end].copy_from_slice(bytes);
    }
    if flash.is_empty() {
        return Err("there is nothing in the image for an RP2040's flash".into());
    }
    Ok(blocks(&flash))
}

fn blocks(flash: &[u8]) -> Vec<u8> {
    let pages = flash.chunks(PAYLOAD_LEN);
    let count = pages.len() as u32;
    let mut made = Vec::new();
    for (number, page) in (0..count).zip(pages) {
        let at = FLASH.start as u32 + number * PAYLOAD_LEN as u32;
        let [magic, other_magic] = MAGIC;
        let head = [magic, other_magic, HAS_FAMILY, at, PAYLOAD_LEN as u32, number, count, RP2040];
        let begin = made.len();
        made.extend(head.iter().flat_map(|word| word.to_le_bytes()));
        made.extend_from_slice(page);
        made.resize(begin + BLOCK_LEN - 4, 0);
        made.extend_from_slice(&MAGIC_END.to_le_bytes());
    }
    made
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_are_as_specified() {
        let flash: Vec<u8> = (0..300_u32).map(|byte| byte as u8).collect();
        let made = blocks(&flash);
        let [first, last] = [0, 1].map(|number| &made[number * BLOCK_LEN..][..BLOCK_LEN]);
        assert_eq!(made.len(), 2 * BLOCK_LEN);
        assert_eq!(&first[..8], b"UF2\nWQ]\x9e");
        assert_eq!(first[12..16], 0x1000_0000_u32.to_le_bytes());
        assert_eq!(first[32..288], flash[..256]);
        assert_eq!(last[12..16], 0x1000_0100_u32.to_le_bytes());
        assert_eq!((last[20], last[24]), (1, 2), "the second of two");
        assert_eq!(last[32..76], flash[256..]);
        assert_eq!(last[508..], [0x30, 0x6f, 0xb1, 0x0a]);
    }
}
