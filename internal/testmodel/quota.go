// SPDX-License-Identifier: GPL-2.0-or-later

package testmodel

import (
	"slices"
	"syscall"

	"scoutfs/engine/format"
)

// AddQuotaRule adds a rule.
func (m *Model) AddQuotaRule(r Rule) syscall.Errno {
	m.begin()
	switch {
	case m.Version < 2:
		return syscall.EOPNOTSUPP
	case r.Check() != nil:
		return syscall.EINVAL
	case slices.Contains(m.rules, r):
		return syscall.EEXIST
	}
	m.rules = append(m.rules, r)
	return 0
}

// DelQuotaRule removes a rule.
func (m *Model) DelQuotaRule(r Rule) syscall.Errno {
	m.begin()
	i := slices.Index(m.rules, r)
	switch {
	case m.Version < 2:
		return syscall.EOPNOTSUPP
	case r.Check() != nil:
		return syscall.EINVAL
	case i < 0:
		return syscall.ENOENT
	}
	m.rules = slices.Delete(m.rules, i, i+1)
	return 0
}

// Rules returns the quota rules in any order.
func (m *Model) Rules() []Rule { return slices.Clone(m.rules) }

func (m *Model) checkInodeQuota(d *Inode, who Who) syscall.Errno {
	gid := who.GID
	if d.Mode&syscall.S_ISGID != 0 {
		gid = d.GID
	}
	return m.checkQuota(format.QuotaOpInode, d.Proj, who.UID, gid)
}

func (m *Model) checkDataQuota(in *Inode) syscall.Errno {
	return m.checkQuota(format.QuotaOpData, in.Proj, in.UID, in.GID)
}

// checkQuota looks for the greatest rule that applies and for its total.
func (m *Model) checkQuota(op byte, proj uint64, uid, gid uint32) syscall.Errno {
	attributes := map[byte]uint64{
		format.QuotaSourceProj: proj, format.QuotaSourceUID: uint64(uid), format.QuotaSourceGID: uint64(gid),
	}
	var best *Rule
	for i := range m.rules {
		r := &m.rules[i]
		applies := r.Op == op
		for n := range r.NameVal {
			if r.NameFlags[n]&format.QuotaNameSelect != 0 && attributes[r.NameSource[n]] != r.NameVal[n].Get() {
				applies = false
			}
		}
		if applies && (best == nil || best.Compare(r) < 0) {
			best = r
		}
	}
	if best == nil {
		return 0
	}
	var name [3]uint64
	for n := range name {
		name[n] = best.NameVal[n].Get()
		if v, ok := attributes[best.NameSource[n]]; ok {
			name[n] = v
		}
	}
	total, ok := m.Totals()[name]
	used := total.Sum
	if best.RuleFlags&format.QuotaRuleTotlCount != 0 {
		used = total.Count
	}
	if ok && used >= best.Limit.Get() {
		return syscall.EDQUOT
	}
	return 0
}
