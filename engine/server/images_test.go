// SPDX-License-Identifier: GPL-2.0-or-later

package server_test

import (
	"errors"
	"slices"
	"syscall"
	"testing"

	"scoutfs/engine/device"
	"scoutfs/engine/server"
	"scoutfs/internal/testcheck"
	"scoutfs/internal/testimage"
)

// Volumes that the kernel module wrote are opened, and the lists it left are
// gone on with; those that were in use when their machine died are refused.
func TestVolumesOfTheKernelModuleAreOpened(t *testing.T) {
	t.Parallel()
	testimage.Each(t, func(t *testing.T, img testimage.Image) {
		t.Parallel()
		if img.Data == "" {
			t.Skip("comes without its data device")
		}
		shared, err := device.OpenPair(img.Meta, img.Data, device.Options{Shared: true})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { shared.Close() })
		pair := device.Pair{Meta: device.NewOverlay("meta", shared.Meta), Data: device.NewOverlay("data", shared.Data)}
		s, err := openServer(t, pair, 7)
		if slices.Contains([]string{"dirty", "partmerge", "compacting"}, img.Name) {
			inUse, ok := errors.AsType[*server.InUseError](err)
			if !ok || !errors.Is(err, syscall.EBUSY) {
				t.Fatalf("a volume that was in use is opened with %v", err)
			}
			kinds := map[server.UseKind]bool{}
			for _, u := range inUse.Uses {
				kinds[u.Kind] = true
			}
			if !kinds[server.UseMount] || !kinds[server.UseLog] || !kinds[server.UseServer] || !kinds[server.UseSlot] {
				t.Errorf("reasons: %v", err)
			}
			return
		}
		if err != nil {
			t.Fatal(err)
		}
		v := &volume{tb: t, pair: pair, server: s}
		meta, data := free(t, v)
		for range 5 {
			s.AdvanceSeq()
			if err := s.Commit(t.Context(), nil); err != nil {
				t.Fatal(err)
			}
			checkNextMount(t, s.Super())
		}
		// Trees of free extents may have got a block more or less.
		if m, d := free(t, v); d != data || m+6 < meta || m > meta+6 {
			t.Errorf("%d metadata and %d data blocks are free, before %d and %d", m, d, meta, data)
		}
		testcheck.Clean(t, pair)
	})
}
