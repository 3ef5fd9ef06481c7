// SPDX-License-Identifier: GPL-2.0-or-later

package corrupt

import (
	"bytes"
	"fmt"
	"slices"

	"scoutfs/debug/surgery"
	"scoutfs/engine/format"
)

// link is a name in a directory with its three items.
type link struct {
	dir, ino, pos, hash uint64
	typ                 uint8
	name                string

	dirent, readdir, backref surgery.Item
}

func (l link) items() []surgery.Item { return []surgery.Item{l.dirent, l.readdir, l.backref} }

// linkOf finds the other two items of a link. It is errNone unless all three
// are there and equal.
func (op *operation) linkOf(backref surgery.Item) (link, error) {
	d, name, err := format.ViewDirent(backref.Value, "")
	if err != nil {
		return link{}, err
	}
	l := link{
		dir: backref.Key.Second, ino: backref.Key.First, pos: backref.Key.Third, hash: d.Hash.Get(),
		typ: d.Type, name: string(name), backref: backref,
	}
	if l.dirent, err = op.lookup(format.DirentKey(l.dir, l.hash, l.pos)); err != nil {
		return l, err
	}
	if l.readdir, err = op.lookup(format.ReaddirKey(l.dir, l.pos)); err != nil {
		return l, err
	}
	if !bytes.Equal(l.dirent.Value, backref.Value) || !bytes.Equal(l.readdir.Value, backref.Value) {
		return l, errNone
	}
	return l, nil
}

// eachLink calls try with links, in the manner of scan.
func (op *operation) eachLink(try func(link) error) error { return op.eachLinkTo(-1, try) }

// eachLinkTo is eachLink for links of a type; a negative one is any.
func (op *operation) eachLinkTo(typ int, try func(link) error) error {
	ofType := func(it surgery.Item) bool {
		d, _, err := format.ViewDirent(it.Value, "")
		return err == nil && (typ < 0 || int(d.Type) == typ)
	}
	return op.eachFS(format.KindLinkBackref, ofType, func(it surgery.Item) error {
		l, err := op.linkOf(it)
		if err != nil {
			return err
		}
		return try(l)
	})
}

// someLink picks a link that matches.
func (op *operation) someLink(match func(link) bool) (found link, err error) {
	err = op.eachLink(func(l link) error {
		if !match(l) {
			return errNone
		}
		found = l
		return nil
	})
	return found, err
}

func anyLink(link) bool      { return true }
func isDirLink(l link) bool  { return l.typ == format.DirentDirectory }
func isFileLink(l link) bool { return l.typ == format.DirentRegular }

// dirents holds the values of a link's three items.
func (op *operation) dirents(l link) ([]*format.Dirent, [][]byte, error) {
	var heads []*format.Dirent
	var names [][]byte
	for _, it := range l.items() {
		value, err := op.v.Value(it)
		if err != nil {
			return nil, nil, err
		}
		d, name, err := format.ViewDirent(value, "")
		if err != nil {
			return nil, nil, err
		}
		heads, names = append(heads, d), append(names, name)
	}
	return heads, names, nil
}

// onLink makes a damage of the same change to all three items of a link.
func onLink(match func(link) bool, change func(*operation, *format.Dirent)) func(*operation) error {
	return func(op *operation) error {
		l, err := op.someLink(match)
		if err != nil {
			return err
		}
		heads, _, err := op.dirents(l)
		if err != nil {
			return err
		}
		change(op, heads[0])
		for _, d := range heads[1:] {
			*d = *heads[0]
		}
		return nil
	}
}

// newName is a name that no directory has.
func (op *operation) newName() string { return fmt.Sprintf("planted-%016x", op.rng.Uint64()) }

// direntValue is the value of a link's items.
func direntValue(l link) []byte {
	var d format.Dirent
	d.Ino.Set(l.ino)
	d.Hash.Set(l.hash)
	d.Pos.Set(l.pos)
	d.Type = l.typ
	return append(slices.Clone(format.Bytes(&d)), l.name...)
}

// nextLink plans a link at the next position of a directory, which is told of
// the name's length.
func (op *operation) nextLink(dir, ino uint64, typ uint8, name string) (link, error) {
	in, _, err := op.inode(dir)
	if err != nil {
		return link{}, err
	}
	pos := in.NextReaddirPos.Get()
	in.NextReaddirPos.Set(pos + 1)
	in.Size.Set(in.Size.Get() + uint64(len(name)))
	return link{dir: dir, ino: ino, pos: pos, hash: format.DirentNameHash(name), typ: typ, name: name}, nil
}

// addLink adds a name to a directory. Link counts are the caller's.
func (op *operation) addLink(dir, ino uint64, typ uint8, name string) error {
	l, err := op.nextLink(dir, ino, typ, name)
	if err != nil {
		return err
	}
	value := direntValue(l)
	return firstError(
		op.put(format.DirentKey(dir, l.hash, l.pos), value),
		op.put(format.ReaddirKey(dir, l.pos), value),
		op.put(format.LinkBackrefKey(ino, dir, l.pos), value),
	)
}

// removeLink removes a name from its directory. Link counts are the caller's.
func (op *operation) removeLink(l link) error {
	for _, it := range l.items() {
		if ok, err := op.only(it); err != nil || !ok {
			return firstError(err, errNone)
		}
	}
	in, _, err := op.inode(l.dir)
	if err != nil {
		return err
	}
	in.Size.Set(in.Size.Get() - uint64(len(l.name)))
	for _, it := range l.items() {
		if err := op.v.Remove(it); err != nil {
			return err
		}
	}
	return nil
}

// addLinks adds to an inode's count of links.
func (op *operation) addLinks(ino uint64, by int) error {
	in, _, err := op.inode(ino)
	if err == nil {
		in.Nlink.Set(uint32(int(in.Nlink.Get()) + by))
	}
	return err
}
