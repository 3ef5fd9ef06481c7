// SPDX-License-Identifier: GPL-2.0-or-later

package testmodel

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"syscall"

	"scoutfs/engine/fs"
)

// Empty deletes everything below a directory, and that directory's attributes.
// Nothing may be open.
func (d *Driver) Empty(ctx context.Context, dir uint64) error {
	w, m := d.Volume.Writer, d.Model
	for name := range m.inodes[dir].Xattrs {
		d.Clock.Tick()
		want := m.RemoveXattr(d.Clock.Now(), dir, name)
		if strings.HasPrefix(name, "system.") {
			want = m.SetACL(d.Clock.Now(), dir, name, nil)
		}
		if err := d.same(w.RemoveXattr(ctx, root(), dir, name), want); err != nil {
			return fmt.Errorf("removing %q of %d: %w", name, dir, err)
		}
	}
	for _, name := range slices.Clone(m.inodes[dir].Order) {
		ino := m.inodes[dir].Names[name]
		in := m.inodes[ino]
		if in.Retained {
			no := false
			err := w.SetAttrX(ctx, root(), ino, fs.AttrX{Mask: fs.AttrXRetention})
			if err := d.same(err, m.SetAttrX(ino, AttrX{Retention: &no})); err != nil {
				return fmt.Errorf("ending retention of %d: %w", ino, err)
			}
		}
		remove, model := w.Unlink, m.Unlink
		if in.IsDir() {
			if err := d.Empty(ctx, ino); err != nil {
				return err
			}
			remove, model = w.Rmdir, m.Rmdir
		}
		d.Clock.Tick()
		if err := d.same(remove(ctx, root(), dir, name), model(d.Clock.Now(), dir, name)); err != nil {
			return fmt.Errorf("removing %.60q from %d: %w", name, dir, err)
		}
	}
	return nil
}

// same compares an error with what the model says, which is success.
func (d *Driver) same(err error, want syscall.Errno) error {
	if want != 0 {
		return fmt.Errorf("the model says %w", want)
	}
	return compare(err)
}
