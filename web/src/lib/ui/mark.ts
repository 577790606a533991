/** What a mark can say. */
export type MarkKind =
  'redeemed' | 'claimed' | 'refused' | 'used' | 'undone' | 'settings' | 'warning';
