// RealtimeEventHandler: who hears of what, in which order.

import assert from 'node:assert/strict';
import test from 'node:test';

import { RealtimeClient, RealtimeEventHandler } from './support/package.js';
import { TIME_LIMIT, within } from './support/waiting.js';

test('`on` callbacks run before `onNext` ones, each in the order of registration', () => {
  const events = new RealtimeEventHandler();
  const calls = [];
  events.onNext('event', () => calls.push('next 1'));
  events.on('event', () => calls.push('on 1'));
  events.onNext('event', () => calls.push('next 2'));
  events.on('event', () => calls.push('on 2'));
  assert.equal(events.dispatch('event', {}), true);
  assert.equal(events.dispatch('event', {}), true);
  assert.deepEqual(calls, ['on 1', 'on 2', 'next 1', 'next 2', 'on 1', 'on 2']);
});

test('`on` and `onNext` return the callback, which gets what is dispatched', () => {
  const events = new RealtimeEventHandler();
  const got = [];
  const callback = (event) => got.push(event);
  assert.equal(events.on('event', callback), callback);
  assert.equal(events.onNext('event', callback), callback);
  const event = { value: 1 };
  events.dispatch('event', event);
  assert.equal(got.length, 2);
  assert.ok(got.every((each) => each === event));
});

test('a callback that was registered twice is called twice, and taken off once', () => {
  const events = new RealtimeEventHandler();
  let calls = 0;
  const callback = () => (calls += 1);
  events.on('event', callback);
  events.on('event', callback);
  events.dispatch('event');
  assert.equal(calls, 2);
  assert.equal(events.off('event', callback), true);
  events.dispatch('event');
  assert.equal(calls, 3);
});

test('`off` and `offNext` without a callback take all of an event, also when there is none', () => {
  const events = new RealtimeEventHandler();
  const wrong = () => assert.fail('it was taken off');
  events.on('event', wrong);
  events.onNext('event', wrong);
  assert.equal(events.off('event'), true);
  assert.equal(events.offNext('event'), true);
  assert.equal(events.off('other'), true);
  assert.equal(events.offNext('other'), true);
  events.dispatch('event');
});

test('`off` and `offNext` throw when the callback is not registered', () => {
  const events = new RealtimeEventHandler();
  const [known, unknown] = [() => {}, () => {}];
  events.on('event', known);
  events.onNext('event', known);
  const text = 'Could not turn off specified event listener for "event": not found as a listener';
  assert.throws(() => events.off('event', unknown), { message: text });
  assert.throws(() => events.off('other', unknown), /"other"/);
  assert.throws(() => events.offNext('event', unknown), { message: `${text} for the next event` });
});

test('a callback that is added or taken off while an event is dispatched counts from the next one', () => {
  const events = new RealtimeEventHandler();
  const calls = [];
  const late = () => calls.push('late');
  const second = () => calls.push('second');
  events.on('event', () => {
    calls.push('first');
    if (calls.length === 1) {
      events.on('event', late);
      events.off('event', second);
    }
  });
  events.on('event', second);
  events.dispatch('event');
  events.dispatch('event');
  assert.deepEqual(calls, ['first', 'second', 'first', 'late']);
});

test('an `onNext` callback may wait for the next event again', () => {
  const events = new RealtimeEventHandler();
  const got = [];
  const again = (event) => {
    got.push(event);
    events.onNext('event', again);
  };
  events.onNext('event', again);
  events.dispatch('event', 1);
  events.dispatch('event', 2);
  assert.deepEqual(got, [1, 2]);
});

test('`waitForNext` resolves with the next event, or with null after its timeout, and leaves nothing', TIME_LIMIT, async () => {
  const events = new RealtimeEventHandler();
  const waits = [events.waitForNext('event'), events.waitForNext('event', 10_000)];
  const event = {};
  events.dispatch('event', event);
  assert.deepEqual(await within('events', Promise.all(waits)), [event, event]);
  assert.equal(await within('timeout', events.waitForNext('event', 1)), null);
  assert.deepEqual(Object.keys(events.nextEventHandlers), []);
});

test('`clearEventHandlers` forgets all callbacks', () => {
  const events = new RealtimeEventHandler();
  events.on('event', () => assert.fail('it was forgotten'));
  events.onNext('event', () => assert.fail('it was forgotten'));
  assert.equal(events.clearEventHandlers(), true);
  events.dispatch('event');
});

test('events named like members of every object are events like others', () => {
  const events = new RealtimeEventHandler();
  for (const name of ['__proto__', 'constructor', 'toString', 'hasOwnProperty']) {
    events.dispatch(name, 0);
    const got = [];
    const callback = (event) => got.push(event);
    events.on(name, callback);
    events.onNext(name, callback);
    events.dispatch(name, 1);
    assert.deepEqual(got, [1, 1], name);
    events.off(name, callback);
    events.dispatch(name, 2);
    assert.deepEqual(got, [1, 1], name);
    assert.throws(() => events.off(name, callback), /not found/);
  }
});

test('wrong types are TypeErrors that name the argument', async () => {
  const events = new RealtimeEventHandler();
  for (const method of ['on', 'onNext']) {
    assert.throws(() => events[method](1, () => {}), { name: 'TypeError', message: /eventName/ });
    assert.throws(() => events[method]('event'), { name: 'TypeError', message: /callback/ });
  }
  for (const method of ['off', 'offNext']) {
    assert.throws(() => events[method](1), { name: 'TypeError', message: /eventName/ });
    assert.throws(() => events[method]('event', 'x'), { name: 'TypeError', message: /callback/ });
  }
  await assert.rejects(events.waitForNext(1), { name: 'TypeError', message: /eventName/ });
  await assert.rejects(events.waitForNext('event', 'soon'), { name: 'TypeError', message: /timeout/ });
});

test('a callback that throws keeps none of the others from running, and is told as `error`', TIME_LIMIT, async () => {
  const client = new RealtimeClient();
  const calls = [];
  client.on('error', (error) => calls.push(error.message));
  client.on('event', () => {
    throw new Error('sync');
  });
  client.on('event', async () => {
    throw new Error('async');
  });
  client.on('event', () => calls.push('second'));
  client.onNext('event', () => calls.push('next'));
  const told = client.waitForNext('error', 10_000);
  client.dispatch('event');
  assert.deepEqual(calls, ['sync', 'second', 'next']);
  await within('error', told);
  // The one that failed later.
  while (calls.length < 4) await within('second error', client.waitForNext('error'));
  assert.equal(calls[3], 'async');
});

test('an `error` callback that throws is told on the console, once', (t) => {
  const client = new RealtimeClient();
  const printed = t.mock.method(console, 'error', () => {});
  client.on('error', () => {
    throw new Error('in the listener of errors');
  });
  client.on('event', () => {
    throw new Error('first');
  });
  client.dispatch('event');
  assert.equal(printed.mock.callCount(), 1);
  assert.match(String(printed.mock.calls[0].arguments[1]), /in the listener of errors/);
});
