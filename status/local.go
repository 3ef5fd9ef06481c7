// SPDX-License-Identifier: GPL-2.0-or-later

package status

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strconv"
	"strings"
	"syscall"

	"scoutfs/engine/device"
	"scoutfs/engine/ioctl"
	"scoutfs/walk"
)

// Local is what a mount on this machine says of itself (kmod/src/sysfs.c,
// options.c, quorum.c, fence.c).
type Local struct {
	RID        ID                `json:"rid"`
	Sysfs      string            `json:"sysfs,omitempty"`       // its folder there
	DataDevice string            `json:"data_device,omitempty"` // MAJOR:MINOR
	MetaDevice string            `json:"meta_device,omitempty"` // path
	Options    map[string]string `json:"mount_options,omitempty"`
	// CompactDelay is how long it waits between search file compactions.
	CompactDelay string       `json:"compact_delay_ms,omitempty"`
	Quorum       *LocalQuorum `json:"quorum,omitempty"` // nil without a quorum slot
	Fences       []Fence      `json:"fences"`           // requests; only the leader has any
	Waiting      *Waiting     `json:"waiting,omitempty"`
}

// LocalQuorum is the mount's place in the election.
type LocalQuorum struct {
	Slot     string            `json:"slot"`
	Role     string            `json:"role"` // follower, candidate or leader
	Term     string            `json:"term"`
	IsLeader bool              `json:"is_leader"`
	Status   map[string]string `json:"status"` // all that it says
}

// Fence is a request to make sure that a mount is dead.
type Fence struct {
	RID     string `json:"rid"`
	Address string `json:"address"`
	Reason  string `json:"reason"`
	Elapsed string `json:"elapsed_secs"`
	Fenced  bool   `json:"fenced"`
	Failed  bool   `json:"error"`
}

// Waiting are the blocks that tasks of the mount wait for.
type Waiting struct {
	Inodes uint64 `json:"inodes"`
	Blocks uint64 `json:"blocks"`
}

// Source is a mount and what belongs to it on this machine.
type Source struct {
	Volume ioctl.Volume
	// Sysfs is /sys/fs/scoutfs; nil if there is none.
	Sysfs fs.FS
	// Statfs returns f_files and f_ffree of statfs(2).
	Statfs func() (files, free uint64, err error)
	// OpenMeta opens the metadata device for reading, without a claim. nil,
	// or a failure, leaves out the parts that only the device tells.
	OpenMeta func(path string) (device.Device, error)
}

// OnMount describes a mounted volume: what the mount says, and if its
// metadata device can be read, what stands there. It is an error if the
// mount's ids cannot be asked for.
func OnMount(ctx context.Context, m Source, opts ReadOptions) (*Status, error) {
	statfs, err := m.Volume.StatfsMore(ctx)
	if err != nil {
		return nil, err
	}
	l := &local{source: m, ctx: ctx, info: Local{RID: ID(statfs.RID), Fences: []Fence{}}}
	l.sysfs(statfs.FSID)
	s, deviceErr := l.device(opts)
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	if s == nil {
		s = newStatus()
	}
	for _, err := range l.problems {
		s.damage(SectionLocal, err)
	}
	s.Local = &l.info
	s.Volume.FSID = ID(statfs.FSID)
	s.Volume.CommittedSeq = &statfs.CommittedSeq
	if s.Volume.FormatVersion == 0 {
		s.Volume.FormatVersion = l.version
	}
	l.ask(s, statfs)
	s.Hints = hints(s)
	if deviceErr != nil {
		s.Hints = append(s.Hints, Hint{
			"meta-device-not-read", Note,
			fmt.Sprintf("the metadata device was not read, and what only it tells is left out: %v", deviceErr),
		})
	}
	return s, nil
}

// local is one look at a mount.
type local struct {
	source   Source
	ctx      context.Context
	info     Local
	version  uint64  // of the format
	zone     string  // data_alloc_zone_blocks
	problems []error // of reading sysfs
}

func (l *local) damage(err error) { l.problems = append(l.problems, err) }

// sysfs reads the mount's folder, if there is one.
func (l *local) sysfs(fsid uint64) {
	if l.source.Sysfs == nil {
		return
	}
	// Names have the greatest 24 bits of both ids.
	dir := fmt.Sprintf("f.%06x.r.%06x", fsid>>40, uint64(l.info.RID)>>40)
	if _, err := fs.Stat(l.source.Sysfs, dir); err != nil {
		if !errors.Is(err, fs.ErrNotExist) {
			l.damage(err)
		}
		return
	}
	l.info.Sysfs = dir
	l.info.DataDevice = l.file("data_device_maj_min")
	l.info.Options = l.folder("mount_options")
	l.info.MetaDevice = l.info.Options["metadev_path"]
	l.info.CompactDelay = l.file("srch/compact_delay_ms")
	l.zone = l.file("volume_options/data_alloc_zone_blocks")
	l.version, _ = strconv.ParseUint(l.file("format_version"), 10, 64)
	l.quorum()
	l.fences()
}

// file reads a file of the mount; one that is missing is empty.
func (l *local) file(name string) string {
	text, err := fs.ReadFile(l.source.Sysfs, path.Join(l.info.Sysfs, name))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		l.damage(err)
	}
	return strings.TrimSpace(string(text))
}

// folder reads all files of a folder by their names.
func (l *local) folder(name string) map[string]string {
	entries, err := fs.ReadDir(l.source.Sysfs, path.Join(l.info.Sysfs, name))
	if err != nil {
		if !errors.Is(err, fs.ErrNotExist) {
			l.damage(err)
		}
		return nil
	}
	values := map[string]string{}
	for _, e := range entries {
		if !e.IsDir() {
			values[e.Name()] = l.file(path.Join(name, e.Name()))
		}
	}
	return values
}

// quorum reads what a mount with a quorum slot says of the election: lines of
// a name and a value, and a table of delays after them.
func (l *local) quorum() {
	text := l.file("quorum/status")
	if text == "" {
		return
	}
	q := &LocalQuorum{Status: map[string]string{}, IsLeader: l.file("quorum/is_leader") == "1"}
	for line := range strings.Lines(text) {
		name, value, ok := strings.Cut(strings.TrimSpace(line), " ")
		if strings.HasPrefix(name, "last_") { // "last_send to 1 term ..."
			direction, rest, _ := strings.Cut(value, " ")
			slot, rest, _ := strings.Cut(rest, " ")
			name, value = name+" "+direction+" "+slot, rest
		}
		if ok && !strings.HasPrefix(line, " ") && !strings.HasPrefix(name, "HB") {
			q.Status[name] = value
		}
	}
	q.Slot, q.Term = q.Status["quorum_slot_nr"], q.Status["term"]
	if _, role, ok := strings.Cut(q.Status["role"], "("); ok {
		q.Role = strings.TrimSuffix(role, ")")
	}
	l.info.Quorum = q
}

// fences reads the requests to fence mounts.
func (l *local) fences() {
	entries, err := fs.ReadDir(l.source.Sysfs, path.Join(l.info.Sysfs, "fence"))
	if err != nil {
		return // only a mount with a quorum slot has the folder
	}
	for _, e := range entries {
		values := l.folder(path.Join("fence", e.Name()))
		if values == nil {
			continue // answered meanwhile
		}
		l.info.Fences = append(l.info.Fences, Fence{
			RID:     e.Name(),
			Address: values["ipv4_addr"],
			Reason:  values["reason"],
			Elapsed: values["elapsed_secs"],
			Fenced:  values["fenced"] == "1",
			Failed:  values["error"] == "1",
		})
	}
	slices.SortFunc(l.info.Fences, func(a, b Fence) int { return strings.Compare(a.RID, b.RID) })
}

// device reads the metadata device if that is possible.
func (l *local) device(opts ReadOptions) (s *Status, err error) {
	switch {
	case l.source.OpenMeta == nil:
		return nil, errors.New("nobody can open it")
	case l.info.MetaDevice == "":
		return nil, errors.New("sysfs does not say where it is")
	}
	meta, err := l.source.OpenMeta(l.info.MetaDevice)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, meta.Close()) }()
	return Read(l.ctx, device.Pair{Meta: meta}, opts)
}

// ask fills in what requests answer, which is newer than what the device
// says.
func (l *local) ask(s *Status, statfs ioctl.StatfsMoreResult) {
	entries, err := ioctl.AllocDetails(l.ctx, l.source.Volume)
	if err != nil {
		s.damage(SectionLocal, err)
	} else {
		s.Space = spaceOf(statfs, entries)
	}
	if s.Options == nil && l.version != 0 {
		s.Options = &Options{Features: features(l.version)}
		if blocks, err := strconv.ParseUint(l.zone, 10, 64); err == nil {
			s.Options.setZones(blocks, statfs.TotalDataBlocks)
		}
	}
	if l.source.Statfs != nil {
		files, free, err := l.source.Statfs()
		switch {
		case err != nil:
			s.damage(SectionInodes, err)
		case s.Inodes == nil:
			s.Inodes = &Inodes{Count: files - min(files, free), Max: files}
		default:
			s.Inodes.Count, s.Inodes.Max = files-min(files, free), files
		}
	}
	l.waiting(s)
}

func spaceOf(statfs ioctl.StatfsMoreResult, entries []ioctl.AllocDetailEntry) *Space {
	var meta, data uint64
	for _, e := range entries {
		if e.Meta {
			meta += e.Blocks
		} else {
			data += e.Blocks
		}
	}
	s := &Space{}
	s.Meta.set(statfs.TotalMetaBlocks, meta, statfs.ReservedMetaBlocks)
	s.Data.set(statfs.TotalDataBlocks, data)
	return s
}

// waiting counts what tasks wait for.
func (l *local) waiting(s *Status) {
	w := &Waiting{}
	last := uint64(0)
	for block, err := range walk.DataWaiters(l.ctx, l.source.Volume, 0, 0) {
		if errors.Is(err, syscall.EOPNOTSUPP) {
			return
		}
		if err != nil {
			s.damage(SectionLocal, err)
			return
		}
		w.Blocks++
		if w.Inodes == 0 || block.Ino != last {
			w.Inodes++
			last = block.Ino
		}
	}
	l.info.Waiting = w
	s.Local.Waiting = w
}

func (a *advisor) local() {
	if a.Local == nil {
		return
	}
	for i := range a.Local.Fences {
		f := &a.Local.Fences[i]
		switch {
		case f.Failed:
			a.say(Warning, "fence-failed", "mount %s at %s could not be fenced (%s): the server stops", f.RID, f.Address, f.Reason)
		case !f.Fenced:
			a.say(Warning, "fence-waiting", "mount %s at %s is to be fenced for %s seconds (%s)", f.RID, f.Address, f.Elapsed, f.Reason)
		}
	}
	if w := a.Local.Waiting; w != nil && w.Blocks > 0 {
		a.say(Note, "tasks-wait-for-data", "tasks wait for %s of %s to be staged",
			count(w.Blocks, "block", "blocks"), count(w.Inodes, "file", "files"))
	}
}
