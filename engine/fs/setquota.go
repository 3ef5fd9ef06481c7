// SPDX-License-Identifier: GPL-2.0-or-later

package fs

import (
	"context"
	"fmt"
	"math"
	"slices"
	"syscall"

	"scoutfs/engine/format"
	"scoutfs/engine/txn"
)

// AddQuotaRule adds a quota rule. Errors in order: EPERM for who is not the
// superuser; EOPNOTSUPP in format version 1; EINVAL for a rule that may not be
// stored (see format.QuotaRule.Check); EEXIST for one that there is.
func (w *Writer) AddQuotaRule(ctx context.Context, who Caller, rule format.QuotaRule) error {
	return w.changeRules(ctx, &who, rule, func(c *change, rule *format.QuotaRule) error {
		_, found, after, err := c.findRule(ctx, rule)
		switch {
		case err != nil:
			return err
		case found:
			return fmt.Errorf("quota rule: %w", syscall.EEXIST)
		}
		c.tx.Set(format.QuotaRuleKey(rule.Hash(), after), slices.Clone(format.Bytes(rule)))
		return nil
	})
}

// DelQuotaRule takes a quota rule away. Errors are those of AddQuotaRule, but
// ENOENT for a rule that there is not.
func (w *Writer) DelQuotaRule(ctx context.Context, who Caller, rule format.QuotaRule) error {
	return w.changeRules(ctx, &who, rule, func(c *change, rule *format.QuotaRule) error {
		at, found, _, err := c.findRule(ctx, rule)
		switch {
		case err != nil:
			return err
		case !found:
			return fmt.Errorf("quota rule: %w", syscall.ENOENT)
		}
		c.tx.Delete(at)
		return nil
	})
}

func (w *Writer) changeRules(ctx context.Context, who *Caller, rule format.QuotaRule, f func(*change, *format.QuotaRule) error) error {
	if err := checkAdmin(who, "changing quota rules"); err != nil {
		return err
	}
	defer w.rules.forget()
	return w.update(ctx, txn.Allocating, func(c *change) error {
		if v := c.tx.Super().FmtVers.Get(); v < 2 {
			return fmt.Errorf("quota rules need format version 2, the volume has %d: %w", v, syscall.EOPNOTSUPP)
		}
		rule.Pad = [7]byte{}
		if err := rule.Check(); err != nil {
			return fmt.Errorf("%s: %w", err.Error(), syscall.EINVAL) // no damage of the volume
		}
		return f(c, &rule)
	})
}

// findRule returns the place of a rule, and a collision number after all of
// its hash (kmod/src/quota.c: find_rule).
func (c *change) findRule(ctx context.Context, rule *format.QuotaRule) (at format.Key, found bool, after uint64, err error) {
	hash := rule.Hash()
	for r, err := range c.view.QuotaRules(ctx, hash, 0) {
		if err != nil {
			return format.Key{}, false, 0, err
		}
		if r.Hash != hash {
			break
		}
		if r.Rule.Compare(rule) == 0 {
			return format.QuotaRuleKey(hash, r.Collision), true, 0, nil
		}
		if r.Collision == math.MaxUint64 {
			return format.Key{}, false, 0, fmt.Errorf("no place for another quota rule with hash %016x: %w", hash, syscall.ENOSPC)
		}
		after = r.Collision + 1
	}
	return format.Key{}, false, after, nil
}
