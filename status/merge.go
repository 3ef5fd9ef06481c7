// SPDX-License-Identifier: GPL-2.0-or-later

package status

import "scoutfs/engine/format"

// Merge is how far log trees are merged into the filesystem's tree
// (docs/format.md 7.5).
type Merge struct {
	InProgress bool   `json:"in_progress"`
	Seq        uint64 `json:"seq,omitempty"`    // log trees finalized before it are merged
	Inputs     uint64 `json:"inputs,omitempty"` // those that are still there
	// WaitsFor says what the merge waits for: jobs that mounts have, a splice
	// of finished ones by the server, or mounts to ask for jobs. It is empty
	// if none is in progress.
	WaitsFor    string         `json:"waits_for,omitempty"`
	Next        string         `json:"next_range_key,omitempty"` // where the server looks for the next range
	Ranges      uint64         `json:"ranges"`                   // to be merged still
	Requests    uint64         `json:"requests"`                 // jobs that mounts have
	Completions uint64         `json:"completions"`              // finished jobs that wait for their splice
	Freeing     uint64         `json:"freeing"`                  // merged log trees that are being freed
	Jobs        []MergeJob     `json:"jobs"`                     // requests and completions
	FreeingList []FreeingTrees `json:"freeing_trees"`

	complete uint64 // what the status item counts
	meta     uint64 // free blocks held by jobs
}

// What a merge waits for.
const (
	WaitsForJobs   = "jobs"
	WaitsForSplice = "splice"
	WaitsForMounts = "mounts"
)

// MergeJob is a range that a mount merges, or has merged.
type MergeJob struct {
	RID     ID     `json:"rid"`
	Seq     uint64 `json:"seq"`
	Done    bool   `json:"done"`
	Mounted bool   `json:"mounted"`
	Start   string `json:"start"`
	End     string `json:"end"`    // included
	Remain  bool   `json:"remain"` // a part was left over and goes back to the ranges
}

// FreeingTrees is the tree of a merged log that is being freed.
type FreeingTrees struct {
	Seq    uint64 `json:"seq"`
	Height uint8  `json:"height"`
	Key    string `json:"key"` // how far it has come
}

// spliceAt is how many completions start a splice while there are ranges.
const spliceAt = 8

func (r *reader) merge() {
	m := &Merge{Jobs: []MergeJob{}, FreeingList: []FreeingTrees{}}
	r.status.Merge = m
	tree := r.tree(format.TreeLogMerge, r.super.LogMerge.Root())
	zone := func(zone uint8) format.Range {
		end := format.MaxKey()
		end.Zone = zone
		return format.Range{Start: format.Key{Zone: zone}, End: end}
	}
	eachItem(r, SectionMerge, tree, zone(format.ZoneLogMergeStatus), func(_ format.Key, v *format.LogMergeStatus) {
		m.InProgress = true
		m.Seq = v.Seq.Get()
		m.Next = v.NextRangeKey.Key().String()
		m.complete = v.NrComplete.Get()
	})
	eachItem(r, SectionMerge, tree, zone(format.ZoneLogMergeRange), func(format.Key, *format.LogMergeRange) { m.Ranges++ })
	eachItem(r, SectionMerge, tree, zone(format.ZoneLogMergeRequest), func(_ format.Key, v *format.LogMergeRequest) {
		m.Requests++
		m.meta += v.MetaAvail.TotalNr.Get() + v.MetaFreed.TotalNr.Get()
		r.job(MergeJob{RID: ID(v.RID.Get()), Seq: v.Seq.Get(), Start: v.Start.Key().String(), End: v.End.Key().String()})
	})
	eachItem(r, SectionMerge, tree, zone(format.ZoneLogMergeComplete), func(_ format.Key, v *format.LogMergeComplete) {
		m.Completions++
		m.meta += v.MetaAvail.TotalNr.Get() + v.MetaFreed.TotalNr.Get()
		r.job(MergeJob{
			RID: ID(v.RID.Get()), Seq: v.Seq.Get(), Done: true, Start: v.Start.Key().String(), End: v.End.Key().String(),
			Remain: v.Flags.Get()&format.LogMergeCompleteRemain != 0,
		})
	})
	eachItem(r, SectionMerge, tree, zone(format.ZoneLogMergeFreeing), func(_ format.Key, v *format.LogMergeFreeing) {
		if m.Freeing++; m.Freeing <= MaxListed {
			m.FreeingList = append(m.FreeingList, FreeingTrees{v.Seq.Get(), v.Root.Root().Height, v.Key.Key().String()})
		}
	})
	m.wait()
}

func (r *reader) job(j MergeJob) {
	j.Mounted = r.status.Mounts.Has(j.RID)
	if m := r.status.Merge; len(m.Jobs) < MaxListed {
		m.Jobs = append(m.Jobs, j)
	}
}

// wait finds out what the merge waits for.
func (m *Merge) wait() {
	switch {
	case !m.InProgress:
	case m.Requests > 0:
		m.WaitsFor = WaitsForJobs
	case m.Ranges == 0 || max(m.Completions, m.complete) >= spliceAt:
		m.WaitsFor = WaitsForSplice
	default:
		m.WaitsFor = WaitsForMounts
	}
}
