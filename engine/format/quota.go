// SPDX-License-Identifier: GPL-2.0-or-later

package format

import (
	"cmp"
	"fmt"
)

// Operations that a quota rule limits.
const (
	QuotaOpInode = 0 // creating inodes
	QuotaOpData  = 1 // allocating blocks to files
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
	RuleFlags  byte    `fmt:"hex"`
	NameSource [3]byte `each:"byte"`
	NameFlags  [3]byte `each:"byte" fmt:"hex"`
	Pad        [7]byte
}

// Hash is the rule's hash, the second field of its item's key
// (docs/format.md 4.8). The pad counts as zero.
func (r *QuotaRule) Hash() uint64 {
	v := *r
	v.Pad = [7]byte{}
	return Hash64(Bytes(&v))
}

// Compare orders rules by priority, then by each name's value, source and
// flags, then by operation, limit and flags. Of the rules that apply the
// greatest one counts (kmod/src/quota.c: cmp_rules).
func (r *QuotaRule) Compare(o *QuotaRule) int {
	c := cmp.Compare(r.Prio, o.Prio)
	for i := range r.NameVal {
		c = cmp.Or(c,
			cmp.Compare(r.NameVal[i].Get(), o.NameVal[i].Get()),
			cmp.Compare(r.NameSource[i], o.NameSource[i]),
			cmp.Compare(r.NameFlags[i], o.NameFlags[i]))
	}
	return cmp.Or(c,
		cmp.Compare(r.Op, o.Op),
		cmp.Compare(r.Limit.Get(), o.Limit.Get()),
		cmp.Compare(r.RuleFlags, o.RuleFlags))
}

// Check returns a *CorruptError for a rule that may not be stored: an unknown
// operation or flag, a selection by anything but project, uid or gid, or one
// by two values of the same attribute. Unknown sources are literals unless
// selected (docs/format.md 12; kmod/src/quota.c: valid_rule, which lets
// operation 2 pass).
func (r *QuotaRule) Check() error {
	if r.Op != QuotaOpInode && r.Op != QuotaOpData {
		return ruleError("op", fmt.Sprint(r.Op), "0 or 1")
	}
	if r.RuleFlags&^QuotaRuleTotlCount != 0 {
		return ruleError("rule_flags", fmt.Sprintf("%#x", r.RuleFlags), "0 or 1")
	}
	for i := range r.NameVal {
		if r.NameFlags[i]&^QuotaNameSelect != 0 {
			return ruleError(fmt.Sprintf("name_flags[%d]", i), fmt.Sprintf("%#x", r.NameFlags[i]), "0 or 1")
		}
		if r.NameFlags[i] == 0 {
			continue
		}
		if s := r.NameSource[i]; s < QuotaSourceProj || s > QuotaSourceGID {
			return ruleError(fmt.Sprintf("name_source[%d]", i), fmt.Sprint(s), "1 to 3 in a selected name")
		}
		for j := range i {
			if r.NameFlags[j]&QuotaNameSelect != 0 && r.NameSource[j] == r.NameSource[i] && r.NameVal[j] != r.NameVal[i] {
				return ruleError(fmt.Sprintf("name_val[%d]", i), fmt.Sprint(r.NameVal[i].Get()),
					fmt.Sprintf("%d, which name %d selects of the same attribute", r.NameVal[j].Get(), j))
			}
		}
	}
	return nil
}

func ruleError(field, found, expected string) error {
	return &CorruptError{Structure: "quota rule", Field: field, Found: found, Expected: expected}
}
