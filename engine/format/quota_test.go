// SPDX-License-Identifier: GPL-2.0-or-later

package format_test

import (
	"testing"

	"scoutfs/engine/format"
)

// quotaRule is a rule in plain numbers.
type quotaRule struct {
	prio, op, flags  uint8
	limit            uint64
	val              [3]uint64
	source, selected [3]uint8
}

func (r quotaRule) stored() *format.QuotaRule {
	out := &format.QuotaRule{Prio: r.prio, Op: r.op, RuleFlags: r.flags, NameSource: r.source, NameFlags: r.selected}
	out.Limit.Set(r.limit)
	for i, v := range r.val {
		out.NameVal[i].Set(v)
	}
	return out
}

func TestQuotaRulesAreOrderedFieldByField(t *testing.T) {
	t.Parallel()
	// Each rule is greater than those before it, by a field that counts more
	// than all that they have and it has not.
	rules := []quotaRule{
		{},
		{flags: 1},
		{limit: 1},
		{limit: 0x100},
		{op: 1},
		{selected: [3]uint8{0, 0, 1}, op: 0},
		{source: [3]uint8{0, 0, 1}},
		{val: [3]uint64{0, 0, 1}},
		{selected: [3]uint8{0, 1, 0}},
		{source: [3]uint8{0, 1, 0}},
		{val: [3]uint64{0, 1, 0}},
		{selected: [3]uint8{1, 0, 0}},
		{source: [3]uint8{1, 0, 0}},
		{val: [3]uint64{1, 0, 0}},
		{val: [3]uint64{0x100, 0, 0}},
		{prio: 1},
		{prio: 255, flags: 1},
	}
	for i := range rules {
		for j := range rules {
			want := 0
			if i < j {
				want = -1
			} else if i > j {
				want = 1
			}
			if got := rules[i].stored().Compare(rules[j].stored()); got != want {
				t.Errorf("rule %d compares with rule %d as %d", i, j, got)
			}
		}
	}
	padded := quotaRule{}.stored()
	padded.Pad[0] = 1
	if padded.Compare(quotaRule{}.stored()) != 0 {
		t.Error("the pad counts")
	}
}

func TestQuotaRuleCheck(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name string
		rule quotaRule
		want string
	}{
		{"zero", quotaRule{}, ""},
		{
			"a selected user", quotaRule{
				prio: 255, op: 1, flags: 1, limit: 1, val: [3]uint64{1, 1000, 3},
				source: [3]uint8{0, 2, 1}, selected: [3]uint8{0, 1, 0},
			}, "",
		},
		{"unknown source that is not selected", quotaRule{source: [3]uint8{200, 0, 0}}, ""},
		{
			"one value selected twice",
			quotaRule{val: [3]uint64{5, 5, 0}, source: [3]uint8{2, 2, 0}, selected: [3]uint8{1, 1, 0}},
			"",
		},
		{
			"two values of two attributes",
			quotaRule{val: [3]uint64{5, 6, 0}, source: [3]uint8{2, 3, 0}, selected: [3]uint8{1, 1, 0}},
			"",
		},
		{
			"a second value that is not selected",
			quotaRule{val: [3]uint64{5, 6, 0}, source: [3]uint8{2, 2, 0}, selected: [3]uint8{1, 0, 0}},
			"",
		},
		{"op", quotaRule{op: 2}, "corrupt quota rule: op is 2, expected 0 or 1"},
		{"flags", quotaRule{flags: 2}, "corrupt quota rule: rule_flags is 0x2, expected 0 or 1"},
		{"name flags", quotaRule{selected: [3]uint8{0, 0, 2}}, "corrupt quota rule: name_flags[2] is 0x2, expected 0 or 1"},
		{
			"a selected literal",
			quotaRule{selected: [3]uint8{0, 1, 0}},
			"corrupt quota rule: name_source[1] is 0, expected 1 to 3 in a selected name",
		},
		{
			"a selected unknown",
			quotaRule{source: [3]uint8{4, 0, 0}, selected: [3]uint8{1, 0, 0}},
			"corrupt quota rule: name_source[0] is 4, expected 1 to 3 in a selected name",
		},
		{
			"two values of one attribute",
			quotaRule{val: [3]uint64{5, 9, 6}, source: [3]uint8{2, 1, 2}, selected: [3]uint8{1, 1, 1}},
			"corrupt quota rule: name_val[2] is 6, expected 5, which name 0 selects of the same attribute",
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			got := ""
			if err := test.rule.stored().Check(); err != nil {
				got = err.Error()
			}
			if got != test.want {
				t.Errorf("error %q, want %q", got, test.want)
			}
		})
	}
}
