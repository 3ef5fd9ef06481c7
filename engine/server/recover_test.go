// SPDX-License-Identifier: GPL-2.0-or-later

package server_test

import (
	"context"
	"math/rand/v2"
	"net/netip"
	"slices"
	"testing"

	"scoutfs/engine/block"
	"scoutfs/engine/device"
	"scoutfs/engine/format"
	"scoutfs/engine/server"
	"scoutfs/internal/testimage"
)

// dead are options for a volume of which no mount is alive.
func dead(seed uint64) server.RecoverOptions {
	return server.RecoverOptions{
		Options: server.Options{Random: rand.New(rand.NewPCG(seed, 1)).Uint64},
		Watch:   -1,
		Answers: func(context.Context, netip.AddrPort) bool { return false },
	}
}

func recoverVolume(tb testing.TB, pair device.Pair, o server.RecoverOptions) (*server.Report, error) {
	tb.Helper()
	_, super, err := block.ReadSuper(pair.Meta)
	if err != nil {
		tb.Fatal(err)
	}
	blocks := block.NewReader(pair.Meta, block.Options{FSID: super.Hdr.FSID.Get(), TotalBlocks: super.TotalMetaBlocks.Get()})
	return server.Recover(tb.Context(), pair, blocks, o)
}

func TestRecoveredImagesHoldWhatTheyHeld(t *testing.T) {
	testimage.Each(t, func(t *testing.T, img testimage.Image) {
		t.Helper()
		t.Parallel()
		pair := overlayImage(t, img)
		before, entries, found := loadView(t, pair), searchEntries(t, pair), problems(t, pair)
		old := loadSnapshot(t, pair)
		report, err := recoverVolume(t, pair, dead(1))
		if err != nil {
			t.Fatal(err)
		}
		compareViews(t, "recovered", loadView(t, pair), before)
		if !slices.Equal(searchEntries(t, pair), entries) {
			t.Error("searches find something else")
		}
		if left := problems(t, pair); left != found {
			t.Errorf("the check finds\n%s\nand found before\n%s", left, found)
		}
		now := loadSnapshot(t, pair)
		if inodes(now) != inodes(old) {
			t.Errorf("%d inodes are counted, want %d", inodes(now), inodes(old))
		}
		if now.Super.MountedClients.Root() != (format.Root{}) {
			t.Error("there are clients")
		}
		if len(report.Uses) == 0 && now.Super.Hdr.Seq != old.Super.Hdr.Seq {
			t.Error("a volume that needed no recovery was written")
		}
		t.Logf("%+v", *report)

		again, err := recoverVolume(t, pair, dead(2))
		if err != nil || len(again.Uses) > 0 {
			t.Fatalf("second recovery finds %v: %v", again.Uses, err)
		}

		s, err := openServer(t, pair, 3)
		if err != nil {
			t.Fatal(err)
		}
		if err := s.CompactSrch(t.Context(), nil); err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(searchEntries(t, pair), entries) {
			t.Error("searches find something else after compaction")
		}
		if err := s.Merge(t.Context(), nil); err != nil {
			t.Fatal(err)
		}
		compareViews(t, "merged", loadView(t, pair), before)
		checkMerged(t, pair)
		if left := problems(t, pair); left != found {
			t.Errorf("after merging the check finds\n%s\nand found before\n%s", left, found)
		}
	})
}
