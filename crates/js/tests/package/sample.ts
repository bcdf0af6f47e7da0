// An application, as a user of the package would type it; `install.test.js` compiles it and runs nothing of it. Every public
// type is used. A line below `@ts-expect-error` must be an error.

import {
  RealtimeAPI, RealtimeClient, RealtimeConversation, RealtimeError, RealtimeEventHandler, RealtimeUtils,
  type ApiKey, type AudioFormatType, type AudioTranscriptionType, type CloseEvent, type ContentPartType, type EventCallback,
  type EventMap, type FormattedPropertyType, type FormattedToolType, type InputAudioContentType, type InputImageContentType,
  type InputTextContentType, type Interruption, type ItemChange, type ItemDeltaType, type ItemType, type McpApproval, type McpToolType,
  type RealtimeAPIEvents, type RealtimeAPIOptions, type RealtimeClientEvents, type RealtimeClientOptions,
  type RealtimeCommands, type RealtimeErrorDetails, type RealtimeErrorSource, type RealtimeEvent, type RealtimeEventType,
  type SessionConfig, type ToolContext, type ToolDefinitionType, type ToolHandler, type TurnDetectionType,
  type UserContentType,
} from 'vivavoce';
import {
  WavRecorder, WavStreamPlayer,
  type AnalysisType, type AudioDevice, type ConversationUpdate, type DecodedAudio, type Frequencies, type Level,
  type PlayedPosition, type PlayerClient, type PlayerOptions, type ReadAudio, type RecordedChunk, type RecorderClient,
  type RecorderOptions, type TrackSampleOffset, type WavFile,
} from 'vivavoce/audio';

// --- Options ---------------------------------------------------------------------------------------------------

const secret: ApiKey = async () => (await (await fetch('/secret')).json()).value as string;
const connection: RealtimeAPIOptions =
  { url: 'wss://relay.example', apiKey: secret, debug: false, dialect: 'ga', shape: 'reference' };
const options: RealtimeClientOptions = { ...connection, model: 'gpt-realtime', interruptOnSpeech: true };
const client = new RealtimeClient(options);
new RealtimeClient();
new RealtimeClient({ apiKey: 'sk-', dangerouslyAllowAPIKeyInBrowser: true });
// @ts-expect-error there is no such dialect
new RealtimeClient({ dialect: 'gamma' });
// @ts-expect-error nor such an option
new RealtimeClient({ apikey: 'sk-' });
// @ts-expect-error a key is no number
new RealtimeClient({ apiKey: 1 });

// --- The session -----------------------------------------------------------------------------------------------

const format: AudioFormatType = 'pcm16';
const transcription: AudioTranscriptionType = { model: 'whisper-1' };
const detection: TurnDetectionType = { type: 'server_vad', threshold: 0.5, prefix_padding_ms: 300, silence_duration_ms: 200 };
const session: SessionConfig = {
  modalities: ['text', 'audio'], instructions: '', voice: 'verse', input_audio_format: format, output_audio_format: format,
  input_audio_transcription: transcription, turn_detection: detection, tools: [], tool_choice: 'auto', temperature: 0.8,
  max_response_output_tokens: 'inf', something_new: true,
};
const updated: true = client.updateSession(session);
client.updateSession({ turn_detection: null, input_audio_transcription: null });
const kind: 'server_vad' | 'semantic_vad' | null = client.getTurnDetectionType();
const defaults: SessionConfig[] = [client.defaultSessionConfig, client.sessionConfig];
const constants: [TurnDetectionType, AudioTranscriptionType[], Int16Array] =
  [client.defaultServerVadConfig, client.transcriptionModels, client.inputAudioBuffer];
// @ts-expect-error a voice is a string
client.updateSession({ voice: 5 });
// @ts-expect-error there is no such format
client.updateSession({ input_audio_format: 'mp3' });

// --- Tools -----------------------------------------------------------------------------------------------------

interface Place {
  city: string;
}
const mcp: McpToolType = { type: 'mcp', server_label: 'docs', server_url: 'https://mcp.example', require_approval: 'never' };
client.updateSession({ tools: [mcp, { name: 'answered_by_hand' }] });
const definition: ToolDefinitionType = { name: 'get_weather', description: 'The weather.', parameters: { type: 'object' } };
const weather: ToolHandler<Place> = async ({ city }: Place, { signal, call_id, item_id }: ToolContext) => {
  const answer = await fetch(`https://weather.example/${city}?${call_id}${item_id}`, { signal });
  return answer.json();
};
const added: { definition: ToolDefinitionType; handler: ToolHandler<Place> } = client.addTool(definition, weather);
client.addTool<Place>({ name: 'sky' }, ({ city }) => `blue in ${city}`);
client.removeTool('sky');
Object.keys(client.tools).concat(added.definition.name);
// @ts-expect-error a tool needs a name
client.addTool({ description: 'nameless' }, weather);
// @ts-expect-error and a handler
client.addTool(definition);
// @ts-expect-error these are not its arguments
client.addTool<Place>(definition, ({ town }) => town);

// --- Events ----------------------------------------------------------------------------------------------------

client.on('conversation.updated', ({ item, delta }) => {
  const all: ItemType[] = client.conversation.getItems();
  const said: string = item.formatted.transcript || item.formatted.text;
  const audio: Int16Array | undefined = delta?.audio;
  // @ts-expect-error an item has no such member that is a number
  const wrong: number = item.formatted.transcript;
  return [all, said, audio, wrong];
});
const onUpdate: EventCallback<RealtimeClientEvents['conversation.updated']> = ({ item }) => show(item);
client.on('conversation.updated', onUpdate);
client.off('conversation.updated', onUpdate);
client.onNext('conversation.item.appended', ({ item }) => show(item));
client.on('conversation.item.completed', ({ item }) => show(item));
client.on('conversation.interrupted', ({ cause, items }: Interruption) => {
  for (const { item_id, audio_end_ms } of items) console.log(cause, item_id, audio_end_ms);
});
client.on('realtime.event', ({ time, source, event }: RealtimeEventType) => console.log(time, source, event.type));
client.on('error', (error) => {
  if (!(error instanceof RealtimeError)) return;
  const source: RealtimeErrorSource = error.source;
  const { message, code, param, retryable, advice } = error;
  console.error(source, message, code, param, retryable, advice, error.cause);
});
client.on('mcp.approval_requested', ({ item_id, server_label, name }: McpApproval) => {
  client.approveMcp(item_id, server_label === name, 'why');
});
client.on('close', ({ error, code, reason }: CloseEvent) => console.log(error, code, reason));
client.on('an.event.of.my.own', (anything) => anything.whatever);
client.dispatch('an.event.of.my.own', { whatever: 1 });
// @ts-expect-error what is dispatched under this name is known
client.dispatch('close', { code: 1 });
// @ts-expect-error and so is what comes
client.on('close', ({ code }: { code: string }) => code);
// @ts-expect-error a listener is a function
client.on('error', 'log');

function show({ id, type, status, role, content, formatted }: ItemType): string {
  const parts: ContentPartType[] = content ?? [];
  const { audio, text, transcript, tool, output, heard_transcript, file }: FormattedPropertyType = formatted;
  const call: FormattedToolType | undefined = tool;
  const shown = [id, type, status, role, text, transcript, call?.arguments, output, heard_transcript, file];
  return [...shown, parts.length, audio.length].join();
}

// --- The conversation ------------------------------------------------------------------------------------------

const text: InputTextContentType = { type: 'input_text', text: 'How are you?' };
const speech: InputAudioContentType = { type: 'input_audio', audio: new Int16Array(0) };
const image: InputImageContentType = { type: 'input_image', image_url: 'data:image/png;base64,', detail: 'low' };
const content: UserContentType[] = [text, speech, image];

export async function talk(): Promise<void> {
  const connected: true = await client.connect();
  const created: true = await client.waitForSessionCreated();
  const inForce: SessionConfig = await client.waitForSessionUpdated();
  client.sendUserMessageContent(content);
  client.appendInputAudio(new Int16Array(2_400));
  client.appendInputAudio(new ArrayBuffer(4_800));
  client.createResponse();
  const next: { item: ItemType } = await client.waitForNextItem();
  const late: { item: ItemType } | null = await client.waitForNextCompletedItem(1_000);
  const { item }: { item: ItemType | null } = client.cancelResponse(next.item.id, 12_000);
  client.cancelResponse();
  const heard: boolean = client.reportPlayed(next.item.id, 24_000);
  const interruption: Interruption = client.interrupt();
  client.deleteItem(next.item.id);
  const close: CloseEvent = await client.close(3_001, 'enough');
  client.disconnect();
  client.reset();
  console.log(connected, created, inForce, late, item, heard, interruption, close, kind, updated, defaults, constants);
  // @ts-expect-error an item is named by a string
  client.deleteItem(5);
  // @ts-expect-error audio is not text
  client.appendInputAudio('base64');
  // @ts-expect-error there is no such part
  client.sendUserMessageContent([{ type: 'output_text', text: 'no' }]);
  // @ts-expect-error with a timeout it may be null
  (await client.waitForNextItem(10)).item;
}

export async function command(commands: RealtimeCommands = client.commands): Promise<void> {
  const config: SessionConfig = await commands.updateSession({ voice: 'alloy' });
  const hello = { type: 'message', role: 'user', content: [{ type: 'input_text', text: 'Hi' }] };
  const id: string = await commands.createItem(hello, 'root');
  const item: Omit<ItemType, 'formatted'> = await commands.retrieveItem(id);
  await commands.truncateItem(id, 0, 1_500);
  await commands.deleteItem(await commands.commitInputAudio());
  await commands.clearInputAudio();
  const response: Record<string, unknown> = await commands.respond({ instructions: 'Be brief.' });
  await commands.createResponse();
  console.log(config, item.type, response['status'], await commands.cancelResponse());
  // @ts-expect-error there are three arguments
  await commands.truncateItem(id);
}

// --- Closer to the wire ----------------------------------------------------------------------------------------

export async function wire(): Promise<void> {
  const api: RealtimeAPI = new RealtimeAPI({ url: 'ws://localhost' });
  api.on('server.*', (event: RealtimeEvent) => console.log(event.type, event['anything']));
  api.on('close', ({ code }) => code.toFixed());
  const events: RealtimeAPIEvents['close'] = (await api.waitForNext('close', 10)) ?? { error: false, code: 1_000, reason: '' };
  await api.connect({ model: 'gpt-realtime' });
  api.send('conversation.item.create', { item: { type: 'function_call_output', call_id: 'my-call-id', output: '{}' } });
  api.send('response.create');
  api.receive('response.done', { event_id: 'event_1' });
  client.realtime.log(events, api.isConnected(), api.defaultUrl, api.url, api.model, api.apiKey);
  // @ts-expect-error data is an object
  api.send('response.create', 'now');

  const conversation = new RealtimeConversation();
  const { item, delta }: ItemChange = conversation.processEvent({ type: 'response.created', event_id: 'event_1' }, new Int16Array(0));
  const change: ItemDeltaType | null = delta;
  const found: ItemType | null = conversation.getItem('item');
  conversation.queueInputAudio(new Int16Array(10));
  conversation.clear();

  interface Mine extends EventMap {
    said: string;
  }
  const handler = new RealtimeEventHandler<Mine>();
  handler.on('said', (word) => word.toUpperCase());
  const word: string | null = await handler.waitForNext('said', 100);
  // @ts-expect-error it is a string
  handler.dispatch('said', 5);

  const bytes: ArrayBuffer = RealtimeUtils.base64ToArrayBuffer(RealtimeUtils.arrayBufferToBase64(new Float32Array(1)));
  const pcm: ArrayBuffer = RealtimeUtils.floatTo16BitPCM(new Float32Array(1));
  const merged: Int16Array = RealtimeUtils.mergeInt16Arrays(bytes, pcm);
  const details: RealtimeErrorDetails = { source: 'connection', retryable: true };
  console.log(item, change, found, word, merged, RealtimeUtils.generateId('evt_', 21), new RealtimeError('lost', details));
}

// --- Audio -----------------------------------------------------------------------------------------------------

export async function voice(): Promise<void> {
  const recording: RecorderOptions =
    { sampleRate: 24_000, outputToSpeakers: false, debug: false, keepSeconds: 60, onEnded: () => {} };
  const recorder = new WavRecorder(recording);
  recorder.listenForDeviceChange((devices: AudioDevice[]) => {
    for (const { deviceId, label, default: first } of devices) console.log(deviceId, label, first);
  });
  const [microphone] = await recorder.listDevices();
  await recorder.begin(microphone?.deviceId, { echoCancellation: false });
  await recorder.record(({ mono, raw }: RecordedChunk) => client.appendInputAudio(mono.length ? mono : raw), 4_800);
  await recorder.pause();
  const listener: RecorderClient = client;
  await recorder.recordTo(listener);
  const { meanValues, channels }: ReadAudio = await recorder.read();
  const file: WavFile = await recorder.save(true);
  const status: 'ended' | 'paused' | 'recording' = recorder.getStatus();
  const decoded: DecodedAudio = await WavRecorder.decode(new Int16Array(10), 24_000, 8_000);
  console.log(meanValues, channels, file.blob, file.url, file.duration, status, decoded.values, decoded.audioBuffer);

  const onPlayed = ({ trackId, samples }: PlayedPosition) => console.log(trackId, samples);
  const playing: PlayerOptions = { sampleRate: 24_000, onPlayed };
  const player = new WavStreamPlayer(playing);
  await player.connect();
  const speaker: PlayerClient = client;
  const detach: () => void = player.attach(speaker);
  const update: ConversationUpdate = { item: { id: 'item' }, delta: { audio: new Int16Array(10) } };
  player.add16BitPCM(new Int16Array(10), update.item?.id);
  const offset: TrackSampleOffset | null = await player.interrupt();
  const analysis: AnalysisType = 'voice';
  const { values, labels }: Frequencies = player.getFrequencies(analysis);
  const { rms, peak }: Level = recorder.getLevel();
  console.log(offset?.trackId, offset?.offset, offset?.currentTime, values, labels, rms, peak);
  detach();
  await player.disconnect();
  await recorder.quit();
  // @ts-expect-error there is no such spectrum
  player.getFrequencies('colour');
  // @ts-expect-error it plays samples
  player.add16BitPCM('base64');
  // @ts-expect-error nobody listens there
  await recorder.recordTo({});
}
