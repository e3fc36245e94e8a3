// An RP2040 as rp2040js has it, with what this firmware needs beyond that: a ROM, a ring oscillator's noise, a
// reset that leaves memory alone.
import crypto from 'node:crypto';
import { ConsoleLogger, LogLevel, RP2040 } from 'rp2040js';

const FLASH = 0x10000000;
/** The second stage of the boot process; behind it lies the vector table. */
const BOOT2_LEN = 0x100;
/** The flash's cache, which is there always: nothing streams. */
const XIP_CTRL = 0x14000;
const WATCHDOG = 0x40058;
const ROSC = 0x40060;
const RANDOMBIT = 0x1c;
/** rp2040js reads all ones where it has no register. */
const UARTDMACR = 0x48;
/** Of the private peripheral bus: Armv6-M Architecture Reference Manual, section B3.2.6. */
const AIRCR = 0xd0c;
const SYSRESETREQ = 1 << 2;

/** rp2040js only logs SEV; whoever waits for an event waits for ever. */
class Logger extends ConsoleLogger {
  constructor(core) {
    super(LogLevel.Error, false);
    this.core = core;
  }
  info(_, message) {
    if (message === 'SEV') this.core().eventRegistered = true;
  }
}

// The functions of the ROM (RP2040 datasheet, section 2.8.3) that are asked for: by name, with the chip.
const ROM = {
  IF: () => {},
  EX: () => {},
  FC: () => {},
  CX: () => {},
  RE: (chip, [at, len]) => chip.flash.fill(0xff, at, at + len),
  RP: (chip, [at, from, len]) => {
    for (let i = 0; i < len; i++) chip.flash[at + i] &= chip.readUint8(from + i);
  },
  // Copies words: here only the second stage, which is called to map the flash again. It is always mapped.
  C4: (chip, [to]) => chip.writeUint32(to, 0x4770),
};

/** Each function is a breakpoint, and a return. The first one looks the others up. */
function loadRom(chip, fail) {
  const names = Object.keys(ROM);
  const at = (index) => 0x100 + 4 * index;
  const rom = new Uint32Array(0x200);
  rom[0x14 >> 2] = 0;
  rom[0x18 >> 2] = at(0) | 1;
  for (let index = 0; index <= names.length; index++) {
    rom[at(index) >> 2] = (0x4770 << 16) | 0xbe00 | index;
  }
  chip.bootrom.set(rom);
  chip.onBreak = (index) => {
    const registers = chip.core.registers;
    if (index > 0) return ROM[names[index - 1]](chip, registers);
    const code = registers[1];
    const name = String.fromCharCode(code & 0xff, code >> 8);
    if (!(name in ROM)) fail(`the ROM has no ${name} here`);
    registers[0] = at(1 + names.indexOf(name)) | 1;
  };
}

/** Starts a chip. `memory` is what an earlier one left. */
export function start({ flash, memory, onReset, fail }) {
  const chip = new RP2040();
  chip.logger = new Logger(() => chip.core);
  chip.flash.set(flash, 0);
  if (memory) chip.sram.set(memory, 0);
  loadRom(chip, fail);
  chip.peripherals[XIP_CTRL] = { readUint32: () => 0, writeUint32Atomic: () => {} };
  chip.peripherals[ROSC].readUint32 = (offset) =>
    offset === RANDOMBIT ? crypto.randomBytes(1)[0] & 1 : 0x80000000;
  const write = chip.ppb.writeUint32.bind(chip.ppb);
  chip.ppb.writeUint32 = (offset, value) =>
    offset === AIRCR && value & SYSRESETREQ ? onReset() : write(offset, value);
  chip.peripherals[WATCHDOG].onWatchdogTrigger = onReset;
  // There an interrupt for room to send comes again and again; here nobody waits for room.
  const uart = chip.uart[0];
  uart.checkInterrupts = () =>
    chip.setInterrupt(uart.irq, (uart.interruptStatus & uart.interruptMask) !== 0);
  const read = uart.readUint32.bind(uart);
  uart.readUint32 = (offset) => (offset === UARTDMACR ? 0 : read(offset));
  const vectors = new DataView(chip.flash.buffer, chip.flash.byteOffset + BOOT2_LEN);
  chip.core.VTOR = FLASH + BOOT2_LEN;
  chip.core.SP = vectors.getUint32(0, true);
  chip.core.PC = vectors.getUint32(4, true) & ~1;
  return chip;
}

/** The program of a UF2 file, from the first byte of the flash on. */
export function ofUf2(file) {
  const flash = new Uint8Array(2 * 1024 * 1024).fill(0xff);
  for (let block = 0; block < file.length; block += 512) {
    const at = file.readUInt32LE(block + 12) - FLASH;
    const len = file.readUInt32LE(block + 16);
    flash.set(file.subarray(block + 32, block + 32 + len), at);
  }
  return flash;
}
