/** The wire's shapes under the names that the apps use: the only file that knows how the generator calls them. */
import type { components as Messages } from './asyncapi.generated.ts';
import type { components as Rest } from './openapi.generated.ts';

type Schema = Rest['schemas'];
type Message = Messages['schemas'];

export type Snapshot = Schema['Snapshot'];
export type EventState = Snapshot['event'];
export type OfferState = Snapshot['offers'][number];
export type GateState = Snapshot['gates'][number];
export type DeviceState = Snapshot['devices'][number];

export type Entry = Schema['EntryOut'];
export type Actor = Entry['actor'];
export type LedgerPage = Schema['LedgerPage'];

export type DeviceItem = Schema['DeviceResource'];
export type GateItem = Schema['GateResource'];
export type Paired = Schema['Paired'];
export type RedeemRequest = Schema['RedeemRequest'];
export type RedeemVerdict = Schema['RedemptionVerdict'];
export type ReversalVerdict = Schema['ReversalVerdict'];
export type Voucher = Schema['VoucherOut'];

export type EventItem = Schema['EventOut'];
export type Attempt = Schema['AttemptOut'];
export type LocalJudgement = Schema['LocalJudgement'];
export type RefusalReason = NonNullable<RedeemVerdict['reason']>;
export type MinuteFigures = Schema['MinuteFigures'];
export type Conflict = Schema['ConflictOut'];
export type Redemption = Schema['RedemptionOut'];
export type VoucherRecord = Schema['VoucherRecord'];
export type VoucherState = VoucherRecord['state'];
export type Device = Schema['DeviceOut'];
export type Pairing = Schema['Pairing'];
export type Member = Schema['MemberOut'];
export type Role = Member['role'];
export type Imported = Schema['Imported'];
export type Rejected = Schema['Rejected'];
export type Issued = Schema['Issued'];
export type NewEvent = Schema['NewEvent'];
export type EventPatch = Schema['EventPatch'];
export type NewOffer = Schema['NewOffer'];
export type OfferPatch = Schema['OfferPatch'];
export type SessionItem = Schema['SessionOut'];
export type User = Schema['UserOut'];
export type SignedIn = Schema['SignedIn'];
export type ProblemDetails = Schema['ProblemDetails'];

export type PublicPage = Schema['PublicPage'];
export type PublicOffer = PublicPage['offers'][number];
export type GuestSession = Schema['GuestSession'];
export type GuestLink = Schema['GuestLink'];
export type WalletVoucher = Schema['WalletVoucher'];
export type ClaimVerdict = Schema['ClaimVerdict'];
export type ClaimReason = NonNullable<ClaimVerdict['reason']>;
export type PublicVoucher = Schema['PublicVoucher'];

export type Counts = Message['Counts'];
export type WatchPublicAck = Omit<Message['WatchingPublic'], 'ok'>;
export type LedgerFrame = Message['LedgerFrame'];
export type Head = Message['Head'];
export type Scan = Message['Scan'];
export type Presence = Message['Presence'];
export type Burn = Message['Burn'];
export type Redeemed = Message['Redeemed'];
export type SessionEnded = Message['SessionEnded'];

export type WatchAck = Omit<Message['Watching'], 'ok'>;
