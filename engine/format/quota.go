// SPDX-License-Identifier: GPL-2.0-or-later

package format

// Operations that a quota rule limits.
const (
	QuotaOpInode = 0
	QuotaOpData  = 1
)

// Sources of a quota rule's names.
const (
	QuotaSourceLiteral = 0
	QuotaSourceProj    = 1
	QuotaSourceUID     = 2
	QuotaSourceGID     = 3
)

const (
	// QuotaRuleTotlCount compares the total's count rather than its sum.
	QuotaRuleTotlCount = 1
	// QuotaNameSelect makes a rule apply only where the attribute equals
	// the name's value.
	QuotaNameSelect = 1
)

// QuotaRule is the value of a quota rule item, 48 bytes (docs/format.md 2.7).
type QuotaRule struct {
	NameVal    [3]U64
	Limit      U64
	Prio       byte
	Op         byte
	RuleFlags  byte `fmt:"hex"`
	NameSource [3]byte
	NameFlags  [3]byte
	Pad        [7]byte
}

// Hash is the rule's hash, the second field of its item's key
// (docs/format.md 4.8). The pad counts as zero.
func (r *QuotaRule) Hash() uint64 {
	v := *r
	v.Pad = [7]byte{}
	return Hash64(Bytes(&v))
}
