// SPDX-License-Identifier: GPL-2.0-or-later

package command

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"iter"
	"os/user"
	"strconv"
	"strings"
	"syscall"

	"scoutfs/cmd/scoutfs/internal/cli"
	"scoutfs/cmd/scoutfs/internal/errno"
	"scoutfs/cmd/scoutfs/internal/output"
	"scoutfs/walk/tree"
)

// browse lets do read files: those of the volume on the devices, or those of
// this machine.
func (l *location) browse(ctx context.Context, do func(tree.Tree) error) (err error) {
	if err := l.check(); err != nil {
		return err
	}
	if !l.offline() {
		return do(tree.OnMount())
	}
	target, err := l.openDevices(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, target.Close()) }()
	return l.hint(do(tree.OnDevices(target.Volume())))
}

// start is where a command begins that was told no path.
func (l *location) start() string {
	if l.offline() {
		return "/"
	}
	return "."
}

// problems are failures that do not stop a command: each is told when it
// happens, and in the end the command fails.
type problems struct {
	env   *cli.Env
	ctx   context.Context
	count uint64
	first error
}

func newProblems(ctx context.Context, env *cli.Env) *problems { return &problems{env: env, ctx: ctx} }

// note tells of a failure. It returns the failure itself if the command is to
// stop because of it.
func (p *problems) note(err error) error {
	if stopped := context.Cause(p.ctx); stopped != nil {
		return stopped
	}
	p.count++
	if p.first == nil {
		p.first = err
	}
	switch {
	case p.count <= maxProblems:
		p.env.Warnf("%s", problemText(err))
	case p.count == maxProblems+1:
		p.env.Warnf("further problems are only counted")
	}
	return nil
}

// atPath says which file an error is about.
func atPath(path string, err error) error {
	if onlyNumber(path, err) {
		return cli.Failf(err, "%s: %s", shownName(path), errno.Text(err))
	}
	if strings.Contains(err.Error(), path) {
		return err
	}
	return fmt.Errorf("%s: %w", shownName(path), err)
}

// problemText puts the path first and has the texts that C programs have.
func problemText(err error) string {
	if told, ok := errors.AsType[*cannotError](err); ok {
		return told.text
	}
	path, ok := errors.AsType[*fs.PathError](err)
	if !ok || errno.Of(path.Err) == 0 {
		return err.Error()
	}
	text := path.Err.Error()
	if onlyNumber(path.Path, path.Err) {
		text = errno.Text(path.Err)
	}
	return shownName(path.Path) + ": " + text
}

// onlyNumber reports whether an error tells nothing but its number. That a
// name is not there needs no more words either.
func onlyNumber(path string, err error) bool {
	number, ok := errors.AsType[syscall.Errno](err)
	if !ok || knowsMore(err) {
		return false
	}
	if inner, ok := errors.AsType[*fs.PathError](err); ok {
		err = inner.Err
	}
	return number == syscall.ENOENT || strings.TrimPrefix(err.Error(), path+": ") == number.Error()
}

// failure is what the command ends with.
func (p *problems) failure() error {
	switch p.count {
	case 0:
		return nil
	case 1:
		return cli.Failf(p.first, "")
	}
	return cli.Failf(p.first, "there were %d problems", p.count)
}

// pass returns the values of a sequence, and notes its errors.
func pass[T any](p *problems, values iter.Seq2[T, error]) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		for v, err := range values {
			if err != nil {
				if err = p.note(err); err == nil {
					continue
				}
			}
			if !yield(v, err) || err != nil {
				return
			}
		}
	}
}

// fileJSON is a file in JSON, with the names that the change feed has.
type fileJSON struct {
	path   []byte
	attr   *tree.Attr
	target *string // of a symbolic link, if it is wanted
}

// AppendJSON implements output.Appender.
func (j fileJSON) AppendJSON(b []byte) ([]byte, error) {
	b, err := appendName(append(b, `{"path":`...), string(j.path))
	if err != nil {
		return nil, err
	}
	b = appendAttributes(b, j.attr)
	if j.target != nil {
		if b, err = appendName(append(b, `,"target":`...), *j.target); err != nil {
			return nil, err
		}
	}
	return append(b, '}'), nil
}

func appendAttributes(b []byte, a *tree.Attr) []byte {
	kind, _ := fileKind(a.Mode)
	b = appendNumber(b, "ino", a.Ino)
	b = append(append(append(b, `,"kind":"`...), kind...), `","mode":"`...)
	b = append(appendOctal(b, a.Mode), '"')
	b = appendNumber(b, "nlink", uint64(a.Nlink))
	b = appendNumber(b, "uid", uint64(a.UID))
	b = appendNumber(b, "gid", uint64(a.GID))
	if isDevice(a) {
		b = appendNumber(b, "rdev_major", uint64(a.RdevMajor))
		b = appendNumber(b, "rdev_minor", uint64(a.RdevMinor))
	}
	b = appendNumber(b, "size", a.Size)
	b = appendNumber(b, "blocks", a.Blocks)
	b = appendTime(b, "atime", a.Atime)
	b = appendTime(b, "mtime", a.Mtime)
	b = appendTime(b, "ctime", a.Ctime)
	if !a.Crtime.IsZero() {
		b = appendTime(b, "crtime", a.Crtime)
	}
	if x := &a.Archive; x.Known {
		b = appendNumber(b, "meta_seq", x.MetaSeq)
		b = appendNumber(b, "data_seq", x.DataSeq)
		b = appendNumber(b, "data_version", x.DataVersion)
		b = appendNumber(b, "online_blocks", x.OnlineBlocks)
		b = appendNumber(b, "offline_blocks", x.OfflineBlocks)
	}
	if state := a.State().String(); state != "" {
		b = append(append(append(b, `,"state":"`...), state...), '"')
	}
	if a.Archive.ProjectKnown {
		b = appendNumber(b, "project_id", a.Archive.Project)
		b = strconv.AppendBool(append(b, `,"retention":`...), a.Archive.Retention)
	}
	return b
}

// appendOctal appends a mode in six digits.
func appendOctal(b []byte, mode uint32) []byte {
	for shift := 15; shift >= 0; shift -= 3 {
		b = append(b, '0'+byte(mode>>shift&7))
	}
	return b
}

func isDevice(a *tree.Attr) bool {
	_, letter := fileKind(a.Mode)
	return letter == 'b' || letter == 'c'
}

// owners knows the names of users and groups on this machine.
type owners struct {
	numeric       bool
	users, groups map[uint32]string
}

func newOwners(numeric bool) *owners {
	return &owners{numeric, make(map[uint32]string), make(map[uint32]string)}
}

func (o *owners) user(id uint32) string {
	return o.name(o.users, id, func(id string) (string, error) {
		u, err := user.LookupId(id)
		if err != nil {
			return "", err
		}
		return u.Username, nil
	})
}

func (o *owners) group(id uint32) string {
	return o.name(o.groups, id, func(id string) (string, error) {
		g, err := user.LookupGroupId(id)
		if err != nil {
			return "", err
		}
		return g.Name, nil
	})
}

// name returns a name, or the number where there is none.
func (o *owners) name(known map[uint32]string, id uint32, find func(string) (string, error)) string {
	number := strconv.FormatUint(uint64(id), 10)
	if o.numeric {
		return number
	}
	name, ok := known[id]
	if !ok {
		var err error
		if name, err = find(number); err != nil {
			name = number
		}
		known[id] = name
	}
	return name
}

// shortSize is a number of bytes as ls -h and du -h show it: three digits at
// most, rounded up.
func shortSize(bytes uint64) string {
	const units = "KMGTPE"
	if bytes < 1024 {
		return strconv.FormatUint(bytes, 10)
	}
	unit := 0
	for bytes>>(10*(unit+1)) >= 1024 {
		unit++
	}
	one := uint64(1) << (10 * (unit + 1))
	tenths := bytes/one*10 + (bytes%one*10+one-1)/one
	switch {
	case tenths < 100:
		return strconv.FormatUint(tenths/10, 10) + "." + strconv.FormatUint(tenths%10, 10) + units[unit:unit+1]
	case tenths <= 10230 || unit == len(units)-1:
		return strconv.FormatUint((tenths+9)/10, 10) + units[unit:unit+1]
	}
	return "1.0" + units[unit+1:unit+2]
}

// nameFor is a name for whoever reads the report: as it is for a program, and
// for a terminal so that it does nothing to it.
func nameFor(env *cli.Env, name string) string {
	if _, terminal := env.Terminal(); !terminal && env.Output().Form() == output.Text {
		return name
	}
	return shownName(name)
}
