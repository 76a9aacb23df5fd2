// An SMS centre of node-smpp: takes messages, sends a receipt of each, and says what it heard as lines of JSON.
// Lines on standard input: {"deliver": {...}}, {"throttle": n}, {"enquire": true}, {"unbind": true}. The port is chosen freely.
"use strict";
const readline = require("readline");
const smpp = require("smpp");

const sessions = [];
let throttled = 0;
let count = 0;

const say = (fact) => process.stdout.write(JSON.stringify(fact) + "\n");

function bind(session, pdu, command) {
  if (pdu.system_id !== "gridwarden" || pdu.password !== "secret") {
    session.send(pdu.response({ command_status: smpp.ESME_RINVPASWD }));
    return;
  }
  sessions.push(session);
  session.receives = command !== "bind_transmitter";
  session.send(pdu.response({ system_id: "node-smpp" }));
  say({ bound: command });
}

function take(session, pdu) {
  if (throttled > 0) {
    throttled -= 1;
    session.send(pdu.response({ command_status: smpp.ESME_RTHROTTLED }));
    return;
  }
  count += 1;
  const id = "n" + count;
  session.send(pdu.response({ message_id: id }));
  const message = pdu.message_payload || pdu.short_message;
  const udh = message.udh ? [...message.udh[0]] : null;
  say({
    id,
    to: pdu.destination_addr,
    text: message.message,
    udh,
    coding: pdu.data_coding,
    receipt: pdu.registered_delivery,
    validity: pdu.validity_period,
  });
  const to = sessions.find((each) => each.receives);
  to.deliver_sm(
    {
      source_addr: pdu.destination_addr,
      destination_addr: pdu.source_addr,
      esm_class: 4,
      short_message: `id:${id} sub:001 dlvrd:001 submit date:2607200400 done date:2607200401 stat:DELIVRD err:000 text:`,
    },
    (answer) => say({ receipted: id, status: answer.command_status }),
  );
}

const server = smpp.createServer((session) => {
  for (const command of ["bind_transceiver", "bind_transmitter", "bind_receiver"]) {
    session.on(command, (pdu) => bind(session, pdu, command));
  }
  session.on("submit_sm", (pdu) => take(session, pdu));
  session.on("enquire_link", (pdu) => {
    session.send(pdu.response());
    say({ enquired: true });
  });
  session.on("query_sm", (pdu) => session.send(pdu.response({ message_id: pdu.message_id, message_state: 2 })));
  session.on("unbind", (pdu) => {
    session.send(pdu.response());
    say({ unbound: true });
  });
  session.on("error", () => {});
});
server.listen(0, "127.0.0.1", () => say({ port: server.address().port }));

readline.createInterface({ input: process.stdin }).on("line", (line) => {
  const wish = JSON.parse(line);
  if (wish.throttle) throttled = wish.throttle;
  for (const session of sessions) {
    if (wish.deliver && session.receives) {
      session.deliver_sm(wish.deliver, (pdu) => say({ delivered: pdu.command_status }));
    }
    if (wish.enquire) session.enquire_link(() => say({ answered: "enquire_link" }));
    if (wish.unbind) session.unbind(() => say({ answered: "unbind" }));
  }
});
