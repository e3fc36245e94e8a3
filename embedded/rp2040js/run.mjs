// usage: node run.mjs IMAGE.uf2 PORT: runs the W5500-EVB-Pico's image. Its serial line is this program's input and
// output; its port 4747 is this host's PORT, and this host's loopback is at 10.0.2.2.
import fs from 'node:fs';
import { GPIOPinState } from 'rp2040js';
import { ofUf2, start } from './chip.mjs';
import { Net } from './net.mjs';
import { W5500 } from './w5500.mjs';

const [file, port] = process.argv.slice(2);
const CYCLE_NS = 8;
const SLICE_MS = 10;

const fail = (message) => {
  console.error(message);
  process.exit(1);
};

let wire;
const net = new Net({ port: Number(port), boardPort: 4747, send: (frame) => wire.rxFrame(frame) });

let chip;
let mustReset = false;

/** Wires a new chip up as the board is. */
function boot(flash, memory) {
  chip = start({ flash, memory, fail, onReset: () => (mustReset = true) });
  const spi = chip.spi[0];
  wire = new W5500((frame) => net.fromBoard(frame), (level) => chip.gpio[21].setInputValue(level));
  let isSelected = false;
  chip.gpio[17].addListener((state) => {
    isSelected = state === GPIOPinState.Low;
    if (isSelected) wire.select();
  });
  // A byte takes its time: at once, and what is sent by DMA outruns what is received.
  let received = 0;
  const done = chip.clock.createAlarm(() => spi.completeTransmit(received));
  spi.onTransmit = (byte) => {
    received = isSelected ? wire.byte(byte) : 0;
    done.schedule(8e9 / (spi.clockFrequency || 1e6));
  };
  chip.gpio[21].setInputValue(true);
  chip.uart[0].onByte = (byte) => process.stdout.write(Buffer.from([byte]));
  began = performance.now();
}

let began;
const keys = [];
process.stdin.on('data', (bytes) => keys.push(...bytes));
process.stdin.on('end', () => process.exit(0));

boot(ofUf2(fs.readFileSync(file)));

/** Runs for a while, no further than this host's clock. */
function slice() {
  const end = performance.now() + SLICE_MS;
  // A few at a time: the port's buffer is short.
  for (let i = 0; i < 16 && keys.length > 0; i++) chip.uart[0].feedByte(keys.shift());
  while (performance.now() < end) {
    const now = (performance.now() - began) * 1e6;
    for (let i = 0; i < 2000; i++) {
      if (mustReset) {
        mustReset = false;
        boot(Uint8Array.from(chip.flash), Uint8Array.from(chip.sram));
        return setImmediate(slice);
      }
      const left = now - chip.clock.nanos;
      if (left <= 0) return setTimeout(slice, 1);
      if (chip.core.waiting) chip.clock.tick(Math.min(chip.clock.nanosToNextAlarm || 1e6, Math.max(left, 1000)));
      else chip.clock.tick(chip.core.executeInstruction() * CYCLE_NS);
    }
  }
  setImmediate(slice);
}
slice();
