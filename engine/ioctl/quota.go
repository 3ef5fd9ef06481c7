// SPDX-License-Identifier: GPL-2.0-or-later

package ioctl

import (
	"cmp"
	"syscall"

	"scoutfs/engine/format"
)

// QuotaName is one of the three numbers that make up the name of the total
// that a rule checks.
type QuotaName struct {
	Value  uint64
	Source uint8 // format.QuotaSourceLiteral and following
	Flags  uint8 // format.QuotaNameSelect
}

// QuotaRule limits an operation. A rule has no other identity than its
// fields: two rules with the same fields are the same rule.
type QuotaRule struct {
	Prio  uint8
	Names [3]QuotaName
	Op    uint8  // format.QuotaOpInode or format.QuotaOpData
	Limit uint64 // operations fail once the total has reached it
	Flags uint8  // format.QuotaRuleTotlCount
}

// Compare orders rules by rank: of the rules that match an operation, the
// greatest is enforced (kmod/src/quota.c: cmp_rules).
func (r QuotaRule) Compare(o QuotaRule) int {
	order := cmp.Compare(r.Prio, o.Prio)
	for i, n := range r.Names {
		order = cmp.Or(order,
			cmp.Compare(n.Value, o.Names[i].Value),
			cmp.Compare(n.Source, o.Names[i].Source),
			cmp.Compare(n.Flags, o.Names[i].Flags))
	}
	return cmp.Or(order,
		cmp.Compare(r.Op, o.Op),
		cmp.Compare(r.Limit, o.Limit),
		cmp.Compare(r.Flags, o.Flags))
}

// QuotaRuleOf returns the rule that w holds. The structure that requests
// carry is that of the devices.
func QuotaRuleOf(w *format.QuotaRule) QuotaRule {
	r := QuotaRule{Prio: w.Prio, Op: w.Op, Limit: w.Limit.Get(), Flags: w.RuleFlags}
	for i := range r.Names {
		r.Names[i] = QuotaName{w.NameVal[i].Get(), w.NameSource[i], w.NameFlags[i]}
	}
	return r
}

// Format returns the rule as devices and requests hold it, with a zero pad.
func (r QuotaRule) Format() format.QuotaRule {
	w := format.QuotaRule{Prio: r.Prio, Op: r.Op, Limit: u64(r.Limit), RuleFlags: r.Flags}
	for i, n := range r.Names {
		w.NameVal[i].Set(n.Value)
		w.NameSource[i] = n.Source
		w.NameFlags[i] = n.Flags
	}
	return w
}

// QuotaIterator is a place among the rules. The zero value is before all of
// them; what its numbers mean is the volume's business.
type QuotaIterator [2]uint64

// GetQuotaRules asks for rules, From and after.
type GetQuotaRules struct {
	From  QuotaIterator
	Count int // at most this many
}

// GetQuotaRulesResult holds some rules, in no order of meaning.
type GetQuotaRulesResult struct {
	Rules []QuotaRule // none if there are no more
	Next  QuotaIterator
}

// Encode returns the call for q.
func (q GetQuotaRules) Encode() Call {
	return Call{Number: NumberGetQuotaRules, Arg: pack(getQuotaRulesArg{
		Iterator: [2]format.U64{u64(q.From[0]), u64(q.From[1])},
		RulesNr:  u64(uint64(bounded(q.Count, MaxBatch))),
	})}
}

// Decode sets q to what the call asks.
func (q *GetQuotaRules) Decode(c Call) error {
	arg, err := argument[getQuotaRulesArg](c, NumberGetQuotaRules)
	if err != nil {
		return err
	}
	*q = GetQuotaRules{
		From:  QuotaIterator{arg.Iterator[0].Get(), arg.Iterator[1].Get()},
		Count: bounded(arg.RulesNr.Get(), MaxBatch),
	}
	return nil
}

// EncodeReply returns the reply with r. It fails with EIO if the rules are
// more than q.Count, for Next is then wrong as well.
func (q GetQuotaRules) EncodeReply(c Call, r GetQuotaRulesResult) (Reply, error) {
	arg, err := argument[getQuotaRulesArg](c, NumberGetQuotaRules)
	if err != nil || q.Count <= 0 {
		return Reply{}, err
	}
	if len(r.Rules) > q.Count {
		return Reply{}, &Error{Request: NumberGetQuotaRules, Errno: syscall.EIO, Detail: "more rules than fit"}
	}
	out := *arg
	out.Iterator = [2]format.U64{u64(r.Next[0]), u64(r.Next[1])}
	reply := replyEach(r.Rules, q.Count, setQuotaRule)
	reply.Arg = pack(out)
	return reply, nil
}

// DecodeReply returns the rules of a reply to q.
func (q GetQuotaRules) DecodeReply(r Reply) (GetQuotaRulesResult, error) {
	if q.Count <= 0 {
		return GetQuotaRulesResult{Next: q.From}, nil
	}
	arg, err := written[getQuotaRulesArg](r, NumberGetQuotaRules)
	if err != nil {
		return GetQuotaRulesResult{}, err
	}
	rules, err := decodeEach(r, NumberGetQuotaRules, q.Count, QuotaRuleOf)
	return GetQuotaRulesResult{
		Rules: rules,
		Next:  QuotaIterator{arg.Iterator[0].Get(), arg.Iterator[1].Get()},
	}, err
}

func setQuotaRule(w *format.QuotaRule, r QuotaRule) { *w = r.Format() }

// AddQuotaRule asks to add a rule.
type AddQuotaRule struct{ Rule QuotaRule }

// Encode returns the call for q.
func (q AddQuotaRule) Encode() Call {
	return Call{Number: NumberAddQuotaRule, Arg: pack(q.Rule.Format())}
}

// Decode sets q to what the call asks.
func (q *AddQuotaRule) Decode(c Call) error {
	arg, err := argument[format.QuotaRule](c, NumberAddQuotaRule)
	if err != nil {
		return err
	}
	q.Rule = QuotaRuleOf(arg)
	return nil
}

// DelQuotaRule asks to remove a rule.
type DelQuotaRule struct{ Rule QuotaRule }

// Encode returns the call for q.
func (q DelQuotaRule) Encode() Call {
	return Call{Number: NumberDelQuotaRule, Arg: pack(q.Rule.Format())}
}

// Decode sets q to what the call asks.
func (q *DelQuotaRule) Decode(c Call) error {
	arg, err := argument[format.QuotaRule](c, NumberDelQuotaRule)
	if err != nil {
		return err
	}
	q.Rule = QuotaRuleOf(arg)
	return nil
}
