// SPDX-License-Identifier: GPL-2.0-or-later

package server

import (
	"context"
	"fmt"
	"net/netip"

	"scoutfs/engine/block"
	"scoutfs/engine/btree"
	"scoutfs/engine/device"
	"scoutfs/engine/format"
)

// Report is what a recovery found and did.
type Report struct {
	// Uses are the signs of mounts that were found; without any, nothing was
	// done.
	Uses []Use
	// Evidence is why their mounts were taken for dead, a sentence each.
	Evidence []string

	Mounts      []ReclaimedMount // that are no longer clients of the volume
	Logs        []ReclaimedLog   // that are finalized now
	Compactions int              // of search files, that wait for another mount now
	MergeJobs   int              // that were taken back
	MetaBlocks  uint64           // free metadata blocks that were the mounts'
	DataBlocks  uint64           // free data blocks that were the mounts'
	Slots       []int            // quorum slots whose records say now that they ended
}

// ReclaimedMount is a mount that did not say farewell.
type ReclaimedMount struct {
	RID    uint64
	Addr   netip.AddrPort // as its server saw it; the zero one if that is not IPv4
	Quorum bool           // it had a quorum slot
}

// ReclaimedLog names the log trees that a mount was writing.
type ReclaimedLog struct {
	RID, Nr uint64
}

// Recover makes a volume whose mounts died one that was unmounted, as a server
// does with a mount that was fenced: it finalizes their log trees, takes back
// their free blocks, compactions and merge jobs, and forgets them. All of that
// is one commit. Last it ends what the quorum blocks record, so that nobody
// waits for the old leader (docs/format.md 7.8). After a failure in between it
// can be repeated.
//
// It must not be done to a volume that a mount uses, on any machine. Recover
// refuses with an [*AliveError] if it sees that one is; what it goes by is in
// the report, which is returned with errors too. The devices must be claimed,
// as for [Open], and be read past the page cache, which does not show what other
// machines write. Nothing is written to a volume that is not in use.
func Recover(ctx context.Context, pair device.Pair, blocks *block.Reader, o RecoverOptions) (*Report, error) {
	report := &Report{}
	s, err := open(ctx, pair, blocks, o.Options)
	if err != nil {
		return report, err
	}
	if report.Uses, err = Uses(ctx, pair.Meta, blocks, s.Super()); err != nil || len(report.Uses) == 0 {
		return report, err
	}
	if report.Evidence, err = o.examine(ctx, pair.Meta, s.Super()); err != nil {
		return report, err
	}
	err = s.Commit(ctx, func(ctx context.Context, c *Commit) error {
		return (&recovery{Commit: c, report: report}).run(ctx)
	})
	if err != nil {
		return report, fmt.Errorf("reclaiming mounts: %w", err)
	}
	report.Slots, err = closeQuorum(pair.Meta, s.Super())
	return report, err
}

// recovery is the commit of a recovery.
type recovery struct {
	*Commit
	report *Report
}

func (r *recovery) run(ctx context.Context) error {
	for _, step := range []func(context.Context) error{
		r.finalizeLogs, r.releaseCompactions, r.cancelMergeJobs, r.forgetMounts,
	} {
		if err := step(ctx); err != nil {
			return err
		}
	}
	return nil
}

// finalizeLogs closes the log trees of all mounts, which are all dead: also of
// those that are no clients.
func (r *recovery) finalizeLogs(ctx context.Context) error {
	return changeTree(r.Commit, &r.Super.LogsRoot, format.TreeLogsRoot, func(w *btree.Writer) error {
		for lt, err := range logTrees(ctx, r.server.blocks, r.from.super) {
			if err != nil {
				return err
			}
			if lt.Finalized() {
				continue
			}
			own := *lt
			if err := r.finalize(ctx, w, &own); err != nil {
				return fmt.Errorf("log trees %016x.%d: %w", own.RID.Get(), own.Nr.Get(), err)
			}
		}
		return nil
	})
}

func (r *recovery) finalize(ctx context.Context, w *btree.Writer, lt *format.LogTrees) error {
	r.report.Logs = append(r.report.Logs, ReclaimedLog{lt.RID.Get(), lt.Nr.Get()})
	r.report.MetaBlocks += lt.MetaAvail.TotalNr.Get() + lt.MetaFreed.TotalNr.Get()
	r.report.DataBlocks += lt.DataAvail.TotalLen.Get() + lt.DataFreed.TotalLen.Get()
	if err := r.reclaimSpace(ctx, lt); err != nil {
		return err
	}
	lt.CommitTransSeq = lt.GetTransSeq
	lt.Flags.Set(lt.Flags.Get() | format.LogTreesFinalized)
	lt.FinalizeSeq.Set(r.server.AdvanceSeq())
	return w.Update(ctx, btree.Item{Key: format.LogTreesKey(lt.RID.Get(), lt.Nr.Get()), Value: format.Bytes(lt)})
}

// releaseCompactions lets somebody else end the compactions of the mounts, with
// all that they say: upstream drops them, and with them the blocks of a file
// that was partly written or deleted (docs/format.md 6.6).
func (r *recovery) releaseCompactions(ctx context.Context) error {
	return changeTree(r.Commit, &r.Super.SrchRoot, format.TreeSrchRoot, func(w *btree.Writer) error {
		tree := btree.Tree{Reader: r.server.blocks, Root: r.from.super.SrchRoot.Root(), Kind: format.TreeSrchRoot}
		busy := format.Range{Start: format.SrchBusyKey(0, 0), End: format.MaxKey()}
		for it, err := range tree.Items(ctx, busy) {
			if err != nil {
				return err
			}
			if err := w.Delete(ctx, it.Key); err != nil {
				return err
			}
			it.Key = format.SrchPendingKey(it.Key.Third)
			if err := w.Insert(ctx, it); err != nil {
				return fmt.Errorf("compaction %v: %w", it.Key, err)
			}
			r.report.Compactions++
		}
		return nil
	})
}

// cancelMergeJobs takes back the jobs that mounts were given. Jobs that they
// finished stay done.
func (r *recovery) cancelMergeJobs(ctx context.Context) error {
	m, err := loadLogMerge(ctx, r.server.blocks, r.from.super)
	if err != nil || len(m.requests) == 0 {
		return err
	}
	r.report.MergeJobs = len(m.requests)
	step := mergeStep{Commit: r.Commit, logMerge: m}
	if err := step.cancelRequests(ctx); err != nil {
		return err
	}
	r.report.MetaBlocks += uint64(step.freed)
	m.status.NrRequests.Set(0)
	return step.storeStatus(ctx)
}

// forgetMounts removes the mounts from the volume's clients.
func (r *recovery) forgetMounts(ctx context.Context) error {
	return changeTree(r.Commit, &r.Super.MountedClients, format.TreeMountedClients, func(w *btree.Writer) error {
		tree := btree.Tree{Reader: r.server.blocks, Root: r.from.super.MountedClients.Root(), Kind: format.TreeMountedClients}
		for it, err := range tree.Items(ctx, format.AllKeys()) {
			if err != nil {
				return err
			}
			v, err := copyValue[format.MountedClient](it)
			if err != nil {
				return err
			}
			addr, _ := v.Addr.AddrPort()
			r.report.Mounts = append(r.report.Mounts, ReclaimedMount{it.Key.First, addr, v.Flags&format.MountedClientQuorum != 0})
			if err := w.Delete(ctx, it.Key); err != nil {
				return err
			}
		}
		return nil
	})
}
