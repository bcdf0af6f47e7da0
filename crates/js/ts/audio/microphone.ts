/** The browser's microphones: permission, the list, and opening one. */

import { checkSecureContext } from './worklet.js';

/** A microphone. */
export interface AudioDevice {
  /** For `WavRecorder.begin`. */
  deviceId: string;
  /** The same for devices that are one piece of hardware. */
  groupId: string;
  /** Always `audioinput`. */
  kind: 'audioinput';
  /** Its name, for people. */
  label: string;
  /** The one that is used when none is named. */
  default: boolean;
}

/** Entries that Chromium makes up: each stands for a device that is in the list a second time. */
const ALIASES = ['default', 'communications'];

/** Opens a microphone, `deviceId` or the default one. Asks the user where the browser wants that. */
export async function openMicrophone(
  deviceId: string | undefined,
  constraints: MediaTrackConstraints,
): Promise<MediaStream> {
  checkSecureContext();
  const audio = deviceId === undefined ? constraints : { ...constraints, deviceId: { exact: deviceId } };
  try {
    return await navigator.mediaDevices.getUserMedia({ audio });
  } catch (cause) {
    throw new Error(advice(cause, deviceId), { cause });
  }
}

/** Closes what {@link openMicrophone} opened. */
export function closeMicrophone(stream: MediaStream): void {
  for (const track of stream.getTracks()) track.stop();
}

/** Asks the user for the microphone, unless that was granted before. */
export async function askForMicrophone(): Promise<void> {
  checkSecureContext();
  if (!(await isGranted())) closeMicrophone(await openMicrophone(undefined, {}));
}

async function isGranted(): Promise<boolean> {
  try {
    return (await navigator.permissions.query({ name: 'microphone' })).state === 'granted';
  } catch {
    return false; // A browser that cannot say.
  }
}

/** All microphones, the default one first. Asks for permission, because browsers do not name them without. */
export async function listMicrophones(): Promise<AudioDevice[]> {
  await askForMicrophone();
  const inputs = (await navigator.mediaDevices.enumerateDevices()).filter(({ kind }) => kind === 'audioinput');
  const isAlias = ({ deviceId }: MediaDeviceInfo) => ALIASES.includes(deviceId);
  const alias = inputs.find(({ deviceId }) => deviceId === 'default');
  const devices = inputs.filter((device) => !isAlias(device));
  // The others list the default device first.
  const preferred = alias ? (devices.find(({ groupId }) => groupId === alias.groupId) ?? alias) : devices[0];
  if (preferred === undefined) return [];
  return [preferred, ...devices.filter((device) => device !== preferred)].map((device) => ({
    deviceId: device.deviceId,
    groupId: device.groupId,
    kind: 'audioinput',
    label: device.label,
    default: device === preferred,
  }));
}

/**
 * Calls `onList` with all microphones, soon and whenever that has changed; with none where they are refused, for which
 * `onFailed` hears the reason. Returns a function that ends this.
 */
export function followMicrophones(
  onList: (devices: AudioDevice[]) => void,
  onFailed: (error: unknown) => void,
): () => void {
  let lastTold: string | null = null;
  let lastAsked = 0;
  const tell = async () => {
    const asked = ++lastAsked;
    const devices = await listMicrophones().catch((error: unknown) => {
      onFailed(error);
      return [];
    });
    const told = JSON.stringify(devices);
    // Browsers say it several times for one change.
    if (asked !== lastAsked || told === lastTold) return;
    lastTold = told;
    onList(devices);
  };
  // There are none on an insecure page, which listMicrophones says.
  navigator.mediaDevices?.addEventListener('devicechange', tell);
  void tell();
  return () => {
    lastAsked++;
    navigator.mediaDevices?.removeEventListener('devicechange', tell);
  };
}

function advice(cause: unknown, deviceId: string | undefined): string {
  switch (cause instanceof Error ? cause.name : undefined) {
    case 'NotAllowedError':
      return "The microphone was refused: allow it for this page in the browser's settings, and for the browser in the system's";
    case 'NotFoundError':
      return 'There is no microphone: connect one and try again';
    case 'OverconstrainedError':
      return deviceId === undefined
        ? 'No microphone fits the constraints: ask for less'
        : `The microphone "${deviceId}" is not there, or does not fit: pick one of .listDevices()`;
    case 'NotReadableError':
      return 'The microphone cannot be opened: close other programs that use it and try again';
    default:
      return `Could not open the microphone: ${String(cause)}`;
  }
}
