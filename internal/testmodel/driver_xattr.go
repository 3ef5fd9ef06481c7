// SPDX-License-Identifier: GPL-2.0-or-later

package testmodel

import (
	"context"
	"fmt"
	"strings"

	"scoutfs/engine/format"
	"scoutfs/engine/fs"
)

func (d *Driver) setXattr(ctx context.Context) error {
	ino := d.any()
	name := one(d, d.xattrs...)
	value := d.xattrValue(name)
	flags := one(d, 0, 0, 0, XattrCreate, XattrReplace)
	d.say("set %.60q of %d to %d bytes, flags %d", name, ino, len(value), flags)
	d.touch(ino)
	err := d.Volume.Writer.SetXattr(ctx, root(), ino, name, []byte(value), uint32(flags))
	if d.ranOut(err) {
		return nil
	}
	return compare(err, d.Model.SetXattr(d.Clock.Now(), ino, name, value, flags))
}

// manyXattrs gives an inode a lot of attributes, or takes some of them away.
func (d *Driver) manyXattrs(ctx context.Context) error {
	ino := d.file()
	d.touch(ino)
	for range 150 {
		name := fmt.Sprintf("user.many.%d", d.Random.IntN(3000))
		d.Clock.Tick()
		d.Steps++
		if d.chance(4) {
			d.say("remove %q of %d", name, ino)
			err := d.Volume.Writer.RemoveXattr(ctx, root(), ino, name)
			if d.ranOut(err) {
				continue
			}
			if err := compare(err, d.Model.RemoveXattr(d.Clock.Now(), ino, name)); err != nil {
				return err
			}
			continue
		}
		d.say("set %q of %d", name, ino)
		value := strings.Repeat("m", d.Random.IntN(60))
		err := d.Volume.Writer.SetXattr(ctx, root(), ino, name, []byte(value), 0)
		if d.ranOut(err) {
			continue
		}
		if err := compare(err, d.Model.SetXattr(d.Clock.Now(), ino, name, value, 0)); err != nil {
			return err
		}
	}
	return nil
}

// setACL sets or removes an ACL.
func (d *Driver) setACL(ctx context.Context) error {
	ino := d.inode((*Inode).IsDir)
	name := one(d, format.XattrACLAccess, format.XattrACLDefault, format.XattrACLDefault)
	if d.chance(2) {
		ino, name = d.any(), format.XattrACLAccess
	}
	perm := func() uint16 { return uint16(d.Random.IntN(8)) }
	var a ACL
	if !d.chance(4) {
		a = ACL{{Tag: aclUserObj, Perm: perm()}, {Tag: aclGroupObj, Perm: perm()}, {Tag: aclOther, Perm: perm()}}
		if !d.chance(3) {
			a = ACL{
				{Tag: aclUserObj, Perm: perm()},
				{aclUser, perm(), 1},
				{aclUser, perm(), 7},
				{Tag: aclGroupObj, Perm: perm()},
				{aclGroup, perm(), 2},
				{Tag: aclMask, Perm: perm()},
				{Tag: aclOther, Perm: perm()},
			}
		}
	}
	d.say("set %s of %d to %v", name, ino, a)
	d.touch(ino)
	var err error
	if a == nil {
		err = d.Volume.Writer.RemoveXattr(ctx, root(), ino, name)
	} else {
		err = d.Volume.Writer.SetXattr(ctx, root(), ino, name, []byte(a.Encode()), 0)
	}
	if d.ranOut(err) {
		return nil
	}
	return compare(err, d.Model.SetACL(d.Clock.Now(), ino, name, a))
}

func (d *Driver) xattrValue(name string) string {
	tags, _ := format.ParseXattrTags(name)
	switch {
	case tags.Totl && !d.chance(10):
		return fmt.Sprint(d.Random.IntN(50))
	case tags.Indx && !d.chance(10):
		return ""
	}
	return strings.Repeat("v", one(d, 0, 1, 30, 200, 800, 888, 897, 1792, 4000, d.Random.IntN(3000), d.Random.IntN(65536), 65535, 65536, 65537))
}

func (d *Driver) removeXattr(ctx context.Context) error {
	ino := d.inode(func(in *Inode) bool { return len(in.Xattrs) > 0 })
	name := one(d, d.xattrs...)
	if in := d.Model.Inode(ino); in != nil && !d.chance(8) {
		for _, n := range d.xattrs {
			if _, ok := in.Xattrs[n]; ok && d.chance(2) {
				name = n
			}
		}
	}
	d.say("remove %.60q of %d", name, ino)
	d.touch(ino)
	err := d.Volume.Writer.RemoveXattr(ctx, root(), ino, name)
	if d.ranOut(err) {
		return nil
	}
	return compare(err, d.Model.RemoveXattr(d.Clock.Now(), ino, name))
}

func (d *Driver) rule() Rule {
	var r Rule
	r.Prio, r.Op = byte(d.Random.IntN(3)), byte(d.Random.IntN(2))
	r.Limit.Set(uint64(d.Random.IntN(200)))
	for i := range r.NameVal {
		r.NameVal[i].Set(uint64(d.Random.IntN(3)))
		r.NameSource[i] = byte(d.Random.IntN(4))
		if r.NameSource[i] != format.QuotaSourceLiteral || d.chance(20) {
			r.NameFlags[i] = byte(d.Random.IntN(2))
		}
	}
	if d.chance(3) {
		r.RuleFlags = format.QuotaRuleTotlCount
	}
	return r
}

func (d *Driver) addQuotaRule(ctx context.Context) error {
	r := d.rule()
	d.say("add quota rule %v", r)
	err := d.Volume.Writer.AddQuotaRule(ctx, root(), r)
	if d.ranOut(err) {
		return nil
	}
	return compare(err, d.Model.AddQuotaRule(r))
}

func (d *Driver) delQuotaRule(ctx context.Context) error {
	r := d.rule()
	if rules := d.Model.Rules(); len(rules) > 0 && !d.chance(8) {
		r = one(d, rules...)
	}
	d.say("delete quota rule %v", r)
	err := d.Volume.Writer.DelQuotaRule(ctx, root(), r)
	if d.ranOut(err) {
		return nil
	}
	return compare(err, d.Model.DelQuotaRule(r))
}

func (d *Driver) setAttrX(ctx context.Context) error {
	ino := d.inode(func(in *Inode) bool { return in.IsRegular() && (in.DataVersion == 0 || in.Retained) })
	var a AttrX
	var q fs.AttrX
	if d.chance(2) {
		size, version, offline := uint64(d.Random.IntN(20*blockSize)), uint64(d.Random.IntN(9)), d.chance(2)
		a.Size, q.Size, q.Mask = &size, size, q.Mask|fs.AttrXSize
		if !d.chance(8) {
			a.DataVersion, q.DataVersion, q.Mask = &version, version, q.Mask|fs.AttrXDataVersion
		}
		if a.Offline = offline; offline {
			q.Flags = fs.AttrXSizeOffline
		}
	}
	if d.chance(3) {
		when := d.Clock.Now().AddDate(-1, 0, 0)
		a.Crtime, q.Crtime, q.Mask = &when, when, q.Mask|fs.AttrXCrtime
	}
	if d.chance(3) {
		when := d.Clock.Now().AddDate(-2, 0, 0)
		a.Ctime, q.Ctime, q.Mask = &when, when, q.Mask|fs.AttrXCtime
	}
	if in := d.Model.Inode(ino); in != nil && (d.chance(4) || in.Retained && !d.chance(3)) {
		retained := !in.Retained
		a.Retention, q.Retention, q.Mask = &retained, retained, q.Mask|fs.AttrXRetention
	}
	if d.chance(3) {
		proj := uint64(d.Random.IntN(3))
		a.Proj, q.ProjectID, q.Mask = &proj, proj, q.Mask|fs.AttrXProjectID
	}
	d.say("set attributes %+v of %d", q, ino)
	d.touch(ino)
	err := d.Volume.Writer.SetAttrX(ctx, root(), ino, q)
	if d.ranOut(err) {
		return nil
	}
	return compare(err, d.Model.SetAttrX(ino, a))
}

func (d *Driver) inject(ctx context.Context) error {
	if d.NoInject {
		return nil
	}
	name := [3]uint64{9, 9, uint64(d.Random.IntN(3))}
	// A total that counts nothing, which no attribute makes, may not be shown.
	sum, count := int64(d.Random.IntN(10)), int64(1+d.Random.IntN(3))
	d.say("inject %d, %d into %v", sum, count, name)
	err := d.Volume.Writer.InjectTotlDelta(ctx, root(), name, sum, count)
	if d.ranOut(err) {
		return nil
	}
	if err := compare(err); err != nil {
		return err
	}
	d.Model.Inject(name, sum, count)
	return nil
}

// TakeBack injects the opposite of all that was injected, so that totals are
// those of attributes.
func (d *Driver) TakeBack(ctx context.Context) error {
	for name, t := range d.Model.injected {
		d.Model.Inject(name, -int64(t.Sum), -int64(t.Count))
		if err := d.Volume.Writer.InjectTotlDelta(ctx, root(), name, -int64(t.Sum), -int64(t.Count)); err != nil {
			return err
		}
	}
	return nil
}
