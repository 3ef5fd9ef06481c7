// SPDX-License-Identifier: GPL-2.0-or-later

package device_test

import (
	"fmt"

	"scoutfs/engine/device"
)

// A commit writes a new block, flushes, and then overwrites the reference to it.
// Without the flush, a power failure can keep the second write and lose the first.
func ExampleRecorder() {
	commit := func(dev device.Device, flush bool) error {
		if _, err := dev.WriteAt([]byte("block"), 4096); err != nil {
			return err
		}
		if flush {
			if err := dev.Flush(); err != nil {
				return err
			}
		}
		_, err := dev.WriteAt([]byte("reference"), 0)
		return err
	}
	for _, flush := range []bool{true, false} {
		recorder := device.NewRecorder(device.NewMemory("example", 8192))
		if err := commit(recorder, flush); err != nil {
			fmt.Println(err)
		}
		for _, lost := range recorder.Pending(recorder.Len()) {
			state, err := recorder.Replay(device.Crash{At: recorder.Len(), Lost: []int{lost}})
			if err != nil {
				fmt.Println(err)
				continue
			}
			reference, block := make([]byte, 9), make([]byte, 5)
			if _, err := state.ReadAt(reference, 0); err != nil {
				fmt.Println(err)
			}
			if _, err := state.ReadAt(block, 4096); err != nil {
				fmt.Println(err)
			}
			fmt.Printf("flush %v, lost %d: reference %v, block %v\n", flush, lost, reference[0] != 0, block[0] != 0)
		}
	}
	// Output:
	// flush true, lost 2: reference false, block true
	// flush false, lost 0: reference true, block false
	// flush false, lost 1: reference false, block true
}
