// SPDX-License-Identifier: GPL-2.0-or-later

package server_test

import (
	"testing"

	"scoutfs/internal/testcheck"
)

func TestFirstCommitsOfANewVolume(t *testing.T) {
	t.Parallel()
	v := openVolume(t, makeVolume(t, 1<<17, 1<<20, nil), 1)
	if room := v.server.Room(); room < 700 || room > 1024 {
		t.Errorf("room for %d blocks in a list of 1024", room)
	}
	for i := range 5 {
		v.begin()
		if _, err := v.create(3, 10); err != nil {
			t.Fatal(err)
		}
		v.commit()
		testcheck.Clean(t, v.pair)
		if t.Failed() {
			t.Fatalf("after commit %d", i)
		}
	}
}
