import type { Numbers } from '../../../lib/text/format.ts';
import { pluralOf } from '../../../lib/text/plural.ts';
import type { feed as english, FeedNames } from '../en/feed.ts';

const plural = pluralOf('lt');
const offer = (names: FeedNames): string => (names.offer === null ? '' : ` „${names.offer}“`);
const at = (names: FeedNames): string => (names.gate === null ? '' : ` (${names.gate})`);

const reasons: Record<string, string> = {
  unknown_code: 'nežinomas kodas',
  voided: 'panaikintas',
  event_not_open: 'renginys neatidarytas',
  offer_paused: 'pasiūlymas pristabdytas',
  not_claimed: 'niekas jo nepasiėmė',
  wrong_gate: 'ne tie vartai',
  not_yet_valid: 'per anksti',
  expired: 'per vėlu',
  already_redeemed: 'jau panaudotas',
  leased: 'panaudojimus turi kitos durys',
  insufficient_uses: 'neliko tiek panaudojimų',
  online_only: 'reikia ryšio',
};

// Who did it stands before a colon: names and labels need no ending then, nor does the verb a gender.
export const feed: typeof english = {
  guest: 'Svečias',
  organizer: 'Organizatorius',
  staff: 'Durų budėtojas',
  entry: (kind, who, names, data, n: Numbers) => {
    const units = Number(data['units'] ?? 1);
    const times = units > 1 ? ` ${n.count(units)} ×` : '';
    switch (kind) {
      case 'event.created':
        return `${who}: sukurtas renginys`;
      case 'event.updated':
        return `${who}: pakeisti renginio duomenys`;
      case 'event.opened':
        return `${who}: renginys atidarytas`;
      case 'event.closed':
        return `${who}: renginys uždarytas`;
      case 'gate.created':
        return `${who}: pridėti vartai ${names.gate ?? ''}`.trim();
      case 'gate.updated':
        return `${who}: pakeisti vartai ${names.gate ?? ''}`.trim();
      case 'gate.deleted':
        return `${who}: pašalinti vartai ${names.gate ?? ''}`.trim();
      case 'offer.created':
        return `${who}: pridėtas pasiūlymas${offer(names)}`;
      case 'offer.updated': {
        const status = (data['changes'] as { status?: string } | undefined)?.status;
        if (status === 'paused') return `${who}: pristabdytas pasiūlymas${offer(names)}`;
        if (status === 'active') return `${who}: vėl galioja pasiūlymas${offer(names)}`;
        return `${who}: pakeistas pasiūlymas${offer(names)}`;
      }
      case 'offer.deleted':
        return `${who}: pašalintas pasiūlymas${offer(names)}`;
      case 'vouchers.issued': {
        const count = Number(data['count'] ?? 0);
        return `${who}: ${plural(count, 'išduotas', 'išduoti', 'išduota')} ${n.count(count)} ${plural(count, 'kodas', 'kodai', 'kodų')}${offer(names)}`;
      }
      case 'voucher.claimed':
        return `${who}: pasiimta${offer(names)}`;
      case 'voucher.released':
        return `${who}: grąžinta${offer(names)}`;
      case 'voucher.voided':
        return `${who}: panaikintas kuponas${offer(names)}`;
      case 'voucher.redeemed':
        return `${who}: panaudota${times}${offer(names)}${at(names)}`;
      case 'redemption.reversed':
        return `${who}: atšauktas panaudojimas${times}${offer(names)}${at(names)}`;
      case 'lease.ended':
        return data['how'] === 'returned'
          ? `${who}: grąžinti turėti panaudojimai${offer(names)}`
          : `${who}: atšaukti durims paskolinti panaudojimai${offer(names)}`;
      case 'device.created':
        return `${who}: pridėtas įrenginys ${names.device ?? ''}`.trim();
      case 'device.updated':
        return `${who}: pakeistas įrenginys ${names.device ?? ''}`.trim();
      case 'device.paired':
        return `${names.device ?? 'Įrenginys'}: susietas`;
      case 'device.revoked':
        return `${who}: atšauktas įrenginys ${names.device ?? ''}`.trim();
      case 'conflict.opened':
        return `Prieštaravimas dėl durų be ryšio${at(names)}${offer(names)}`;
      case 'conflict.resolved':
        return `${who}: išspręstas prieštaravimas`;
      default:
        return `${who}: ${kind}`;
    }
  },
  refused: (reason, who, names) => {
    const what = names.offer === null ? 'atmestas kodas' : `atmestas kuponas${offer(names)}`;
    return `${who}: ${what}${at(names)} – ${reasons[reason] ?? reason}`;
  },
  reasons,
};
