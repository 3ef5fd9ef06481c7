// SPDX-License-Identifier: GPL-2.0-or-later

package fs

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"syscall"

	"scoutfs/engine/format"
)

// ruleCache holds the quota rules, which every creation and write asks for.
// They change by their writer only, which forgets them here. Its lock is taken
// inside of a change.
type ruleCache struct {
	mu    sync.Mutex
	known bool
	rules []format.QuotaRule // of the greatest first
}

// attributes are what rules are matched with.
type attributes struct {
	proj, uid, gid uint64
}

// of returns the value of an attribute; false for a source that is none.
func (a *attributes) of(source byte) (uint64, bool) {
	switch source {
	case format.QuotaSourceProj:
		return a.proj, true
	case format.QuotaSourceUID:
		return a.uid, true
	case format.QuotaSourceGID:
		return a.gid, true
	}
	return 0, false
}

// checkData returns EDQUOT if a quota keeps a file from getting blocks.
func (c *change) checkData(ctx context.Context, in *Inode) error {
	return c.checkQuota(ctx, format.QuotaOpData, attributes{in.Proj, uint64(in.UID), uint64(in.GID)})
}

// checkQuota returns EDQUOT if the one rule that counts for an operation, the
// greatest of those that match, has a total that has reached its limit. Rules
// that select nothing are defaults, of which only the greatest is looked at
// (docs/format.md 12; kmod/src/quota.c: check_rule, scoutfs_quota_check_inode).
func (c *change) checkQuota(ctx context.Context, op byte, a attributes) error {
	if c.tx.Super().FmtVers.Get() < 2 {
		return nil
	}
	rules, err := c.quotaRules(ctx)
	if err != nil {
		return err
	}
	for i := range rules {
		if r := &rules[i]; r.Op == op && a.match(r) {
			return c.enforce(ctx, r, &a)
		}
	}
	return nil
}

// match reports whether a rule applies: every name that selects equals the
// attribute.
func (a *attributes) match(r *format.QuotaRule) bool {
	for i := range r.NameVal {
		if r.NameFlags[i]&format.QuotaNameSelect == 0 {
			continue
		}
		if v, ok := a.of(r.NameSource[i]); !ok || v != r.NameVal[i].Get() {
			return false
		}
	}
	return true
}

// enforce compares the total that a rule names with its limit. A total that
// does not exist is below every limit, even below 0.
func (c *change) enforce(ctx context.Context, r *format.QuotaRule, a *attributes) error {
	var name [3]uint64
	for i := range name {
		v, ok := a.of(r.NameSource[i])
		if !ok {
			v = r.NameVal[i].Get()
		}
		name[i] = v
	}
	k := format.TotlKey(name[0], name[1], name[2])
	it, err := c.tx.View().Lookup(ctx, k)
	if errors.Is(err, syscall.ENOENT) {
		return nil
	}
	if err != nil {
		return err
	}
	t, err := decodeTotal(k, it.Value)
	if err != nil {
		return err
	}
	used := t.Total
	if r.RuleFlags&format.QuotaRuleTotlCount != 0 {
		used = t.Count
	}
	if used >= r.Limit.Get() {
		return fmt.Errorf("total %d.%d.%d is %d, its quota %d: %w", name[0], name[1], name[2], used, r.Limit.Get(), syscall.EDQUOT)
	}
	return nil
}

// quotaRules returns all rules, the greatest first.
func (c *change) quotaRules(ctx context.Context) ([]format.QuotaRule, error) {
	cache := &c.w.rules
	cache.mu.Lock()
	defer cache.mu.Unlock()
	if cache.known {
		return cache.rules, nil
	}
	var rules []format.QuotaRule
	for r, err := range c.view.QuotaRules(ctx, 0, 0) {
		if err != nil {
			return nil, err
		}
		rules = append(rules, *r.Rule)
	}
	slices.SortFunc(rules, func(a, b format.QuotaRule) int { return b.Compare(&a) })
	cache.rules, cache.known = rules, true
	return rules, nil
}

// forget makes the next check read the rules.
func (r *ruleCache) forget() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.rules, r.known = nil, false
}
