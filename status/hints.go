// SPDX-License-Identifier: GPL-2.0-or-later

package status

import (
	"fmt"
	"strings"
)

// Hint is something about a volume that somebody should know.
type Hint struct {
	ID    string `json:"id"`    // stable; docs/status.md lists them
	Level Level  `json:"level"` //
	Text  string `json:"text"`  // a sentence without a full stop
}

// Level says how much a hint matters.
type Level string

// Levels of hints.
const (
	Note    Level = "note"    // explains something
	Warning Level = "warning" // somebody should look at it
	Error   Level = "error"   // the volume cannot be used as it is
)

// Failed reports whether the volume is damaged, or cannot be used.
func (s *Status) Failed() bool {
	if len(s.Damage) > 0 {
		return true
	}
	for i := range s.Hints {
		if s.Hints[i].Level == Error {
			return true
		}
	}
	return false
}

// advisor collects hints.
type advisor struct {
	*Status
	hints []Hint
}

// maxOfOne is how many hints of one id are given one by one.
const maxOfOne = 20

func (a *advisor) say(level Level, id, format string, args ...any) {
	n := 0
	for i := range a.hints {
		if a.hints[i].ID == id {
			n++
		}
	}
	switch {
	case n < maxOfOne:
		a.hints = append(a.hints, Hint{id, level, fmt.Sprintf(format, args...)})
	case n == maxOfOne:
		a.hints = append(a.hints, Hint{id, level, "there are more of these"})
	}
}

// hints returns what the parts of a status mean, in the order of the parts.
func hints(s *Status) []Hint {
	a := &advisor{Status: s, hints: []Hint{}}
	a.devices()
	a.options()
	a.space()
	a.inodes()
	a.quorum()
	a.mounts()
	a.logTrees()
	a.merge()
	a.search()
	a.local()
	return a.hints
}

func (a *advisor) device(role string) *Device {
	for i := range a.Devices {
		if a.Devices[i].Role == role {
			return &a.Devices[i]
		}
	}
	return nil
}

func (a *advisor) devices() {
	meta, data := a.device(RoleMeta), a.device(RoleData)
	for _, d := range []*Device{meta, data} {
		if d == nil {
			continue
		}
		if d.Holds != d.Role {
			a.say(Error, "device-exchanged", "%s is the %s device of a volume, and was named as its %s device", d.Name, d.Holds, d.Role)
		} else if has := d.Bytes / d.BlockSize; has < d.Blocks {
			a.say(Error, "device-too-small", "%s has room for %d blocks of %d KiB, and the volume counts on %d", d.Name, has, d.BlockSize>>10, d.Blocks)
		}
	}
	if meta == nil || data == nil || data.Holds != RoleData {
		return
	}
	switch {
	case data.FSID != meta.FSID || data.UUID != meta.UUID:
		a.say(Error, "device-of-another-volume", "%s is of the volume with fsid %s, and %s of that with fsid %s", data.Name, data.FSID, meta.Name, meta.FSID)
	case data.FormatVersion != meta.FormatVersion:
		a.say(Error, "format-versions-differ", "the data device has format version %d and the metadata device %d: run change-format-version again",
			data.FormatVersion, meta.FormatVersion)
	}
}

func (a *advisor) options() {
	if a.Volume.FormatVersion == 1 {
		a.say(Note, "format-version-1", "the volume has format version 1, without project ids, quotas, retention and indx attributes: change-format-version can raise it")
	}
	if a.Options != nil && a.Options.UnknownBits != 0 {
		a.say(Warning, "unknown-volume-options", "volume options are set that have no meaning: %#x", a.Options.UnknownBits)
	}
}

func (a *advisor) space() {
	if a.Space == nil {
		return
	}
	if m := &a.Space.Meta; m.Free <= m.Reserved {
		a.say(Warning, "meta-below-reserve", "%d metadata blocks are free and %d are kept back: operations that need metadata fail with ENOSPC", m.Free, m.Reserved)
	}
	if d := &a.Space.Data; d.Total > 0 && d.Free == 0 {
		a.say(Warning, "data-full", "no data block is free")
	}
}

func (a *advisor) inodes() {
	if a.Inodes == nil {
		return
	}
	if o := a.Inodes.Orphans; o != nil && *o > 0 {
		a.say(Note, "orphans", "%d inodes without names wait for their deletion: a mount does it once nobody has them open", *o)
	}
	if int64(a.Inodes.Count) < 0 {
		a.say(Warning, "inode-count", "the count of inodes is %d", int64(a.Inodes.Count))
	}
}

func (a *advisor) quorum() {
	q := a.Quorum
	if q == nil {
		return
	}
	if len(q.Slots) == 0 {
		a.say(Error, "no-quorum-slots", "no quorum slot is configured, so that no mount can lead: set them with change-quorum-config")
	}
	for i := range q.Slots {
		if s := &q.Slots[i]; s.InUse && a.Local == nil {
			a.say(Note, "quorum-slot-in-use", "quorum slot %d (%s) is in use by mount %s: it is running, or it crashed", s.Slot, s.Address, s.RID)
		}
	}
	if a.Local != nil {
		return // its mounts are running
	}
	for i := range q.ToFence {
		l := &q.ToFence[i]
		a.say(Note, "leader-not-stopped", "mount %s led in term %d from slot %d (%s) and has not stopped: it is running, or the next leader fences it",
			l.RID, l.Term, l.Slot, l.Address)
	}
}

func (a *advisor) mounts() {
	if a.Mounts == nil || a.Local != nil {
		return
	}
	for i := range a.Mounts.List {
		m := &a.Mounts.List[i]
		a.say(Note, "mount-not-unmounted", "mount %s (%s) did not unmount: it is running, or the next mount recovers it", m.RID, m.Address)
	}
}

func (a *advisor) logTrees() {
	l := a.LogTrees
	if l == nil {
		return
	}
	for i := range l.List {
		t := &l.List[i]
		if t.MetaLow && !t.Finalized {
			a.say(Warning, "meta-low", "mount %s is told that metadata runs low", t.RID)
		}
		if t.DataLow && !t.Finalized {
			a.say(Warning, "data-low", "mount %s is told that data space runs low", t.RID)
		}
		switch {
		case t.GetTransSeq < t.CommitTransSeq:
			a.say(Warning, "transaction-order", "log trees %s.%d have committed transaction %d and opened only %d", t.RID, t.Nr, t.CommitTransSeq, t.GetTransSeq)
		case !t.Finalized && !t.Mounted && a.Mounts != nil && a.undamaged(SectionMounts):
			a.say(Warning, "orphan-log-trees", "log trees %s.%d are not finalized and their mount is gone: the server reclaims them before the next merge", t.RID, t.Nr)
		}
	}
	if seq := a.Volume.Seq; seq != nil && *seq < l.maxItemSeq {
		a.say(Note, "seq-behind-items", "the super's sequence number %d is behind %d of logged items, as after a crash: the next server goes on from there", *seq, l.maxItemSeq)
	}
}

// undamaged reports whether a section was read whole.
func (a *advisor) undamaged(section string) bool {
	for i := range a.Damage {
		if a.Damage[i].Section == section {
			return false
		}
	}
	return true
}

func (a *advisor) merge() {
	m := a.Merge
	if m == nil || a.LogTrees == nil {
		return
	}
	if waiting := a.LogTrees.Finalized - m.Inputs; waiting > 0 {
		a.say(Note, "log-trees-wait-for-merge", "%s for a log merge", count(waiting, "finalized log tree waits", "finalized log trees wait"))
	}
	switch m.WaitsFor {
	case WaitsForJobs:
		a.say(Note, "merge-waits-for-jobs", "the log merge waits for %s of mount %s", count(m.Requests, "job", "jobs"), m.workers())
	case WaitsForSplice:
		a.say(Note, "merge-waits-for-splice", "the log merge waits for the server to put %s into the filesystem's tree", count(m.Completions, "finished job", "finished jobs"))
	case WaitsForMounts:
		a.say(Note, "merge-waits-for-mounts", "the log merge waits for mounts that ask for one of %s", count(m.Ranges, "range", "ranges"))
	}
	for i := range m.Jobs {
		if j := &m.Jobs[i]; !j.Done && !j.Mounted && a.undamaged(SectionMounts) {
			a.say(Warning, "merge-job-of-gone-mount", "a job of the log merge is with mount %s, which is gone", j.RID)
		}
	}
	if m.Freeing > 0 {
		a.say(Note, "merged-trees-freeing", "%s being freed", count(m.Freeing, "merged log tree is", "merged log trees are"))
	}
}

// workers names the mounts that have jobs.
func (m *Merge) workers() string {
	var names []string
	for i := range m.Jobs {
		name := m.Jobs[i].RID.String()
		if m.Jobs[i].Done || strings.Contains(strings.Join(names, " "), name) {
			continue
		}
		if names = append(names, name); len(names) == maxOfOne {
			break
		}
	}
	return strings.Join(names, ", ")
}

func (a *advisor) search() {
	s := a.Search
	if s == nil {
		return
	}
	for i := range s.List {
		if c := &s.List[i]; c.Busy && !c.Mounted && a.undamaged(SectionMounts) {
			a.say(Warning, "compaction-of-gone-mount", "compaction %s of search files is with mount %s, which is gone", c.ID, c.RID)
		}
	}
	if s.Pending > 0 {
		a.say(Note, "compactions-pending", "%s for a mount to go on with it", count(s.Pending, "compaction of search files waits", "compactions of search files wait"))
	}
}

func count(n uint64, one, more string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, more)
}
