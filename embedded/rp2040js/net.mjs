// A network of one board: a gateway that is this host, which gives out the board's address (RFC 2131) and carries
// datagrams between the board and this host's loopback.
import dgram from 'node:dgram';

const address = (text) => Buffer.from(text.split('.').map(Number));
const GATEWAY = address('10.0.2.2');
const BOARD = address('10.0.2.15');
const GATEWAY_MAC = Buffer.from([2, 0, 0, 0, 0, 1]);

const [ARP, IPV4, UDP] = [0x0806, 0x0800, 17];
const [SERVER, CLIENT] = [67, 68];
const MAGIC = Buffer.from([0x63, 0x82, 0x53, 0x63]);

function checksum(bytes) {
  let sum = 0;
  for (let i = 0; i < bytes.length; i += 2) sum += (bytes[i] << 8) | (bytes[i + 1] ?? 0);
  while (sum >> 16) sum = (sum & 0xffff) + (sum >> 16);
  return ~sum & 0xffff;
}

export class Net {
  /** The board's port is this port of the host; `send` takes frames for the board. */
  constructor({ port, boardPort, send }) {
    this.send = send;
    this.boardPort = boardPort;
    this.mac = Buffer.alloc(6, 0xff);
    this.socket = dgram.createSocket('udp4');
    this.socket.bind(port, '127.0.0.1');
    this.socket.on('message', (payload, from) =>
      this.toBoard(payload, from.port, this.boardPort, BOARD));
    // Nobody listens there: as on any network.
    this.socket.on('error', () => {});
  }

  /** A frame of the board's. */
  fromBoard(frame) {
    this.mac = Buffer.from(frame.subarray(6, 12));
    const type = frame.readUInt16BE(12);
    if (type === ARP && frame.readUInt16BE(20) === 1 && frame.subarray(38, 42).equals(GATEWAY)) {
      const answer = Buffer.from(frame.subarray(0, 42));
      this.mac.copy(answer, 0);
      GATEWAY_MAC.copy(answer, 6);
      answer.writeUInt16BE(2, 20);
      GATEWAY_MAC.copy(answer, 22);
      GATEWAY.copy(answer, 28);
      frame.copy(answer, 32, 22, 32);
      this.send(answer);
    } else if (type === IPV4 && frame[23] === UDP) {
      const udp = frame.subarray(14 + (frame[14] & 15) * 4);
      const payload = udp.subarray(8, udp.readUInt16BE(4));
      const to = udp.readUInt16BE(2);
      if (to === SERVER) this.lease(payload);
      else if (frame.subarray(30, 34).equals(GATEWAY)) this.socket.send(payload, to, '127.0.0.1');
    }
  }

  /** Offers the address, or says that it is the board's. */
  lease(question) {
    let kind = 0;
    for (let i = 240; i < question.length && question[i] !== 255; ) {
      if (question[i] === 53) kind = question[i + 2];
      i += question[i] === 0 ? 1 : 2 + question[i + 1];
    }
    const answer = Buffer.alloc(240);
    question.copy(answer, 0, 0, 44);
    answer[0] = 2;
    BOARD.copy(answer, 16);
    MAGIC.copy(answer, 236);
    const option = (number, bytes) => Buffer.from([number, bytes.length, ...bytes]);
    const options = [
      option(53, [kind === 1 ? 2 : 5]),
      option(54, GATEWAY),
      option(51, [0, 1, 0x51, 0x80]),
      option(1, [255, 255, 255, 0]),
      option(3, GATEWAY),
      Buffer.from([255]),
    ];
    this.toBoard(Buffer.concat([answer, ...options]), SERVER, CLIENT, Buffer.alloc(4, 0xff));
  }

  toBoard(payload, from, to, destination) {
    const udp = Buffer.alloc(8);
    udp.writeUInt16BE(from, 0);
    udp.writeUInt16BE(to, 2);
    udp.writeUInt16BE(8 + payload.length, 4);
    const ip = Buffer.alloc(20);
    ip[0] = 0x45;
    ip.writeUInt16BE(28 + payload.length, 2);
    [ip[8], ip[9]] = [64, UDP];
    GATEWAY.copy(ip, 12);
    destination.copy(ip, 16);
    ip.writeUInt16BE(checksum(ip), 10);
    this.send(Buffer.concat([this.mac, GATEWAY_MAC, Buffer.from([8, 0]), ip, udp, payload]));
  }
}
