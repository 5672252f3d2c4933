/* scenes.h - the main job, scene by scene. Each prints its timeline and its checks; failures are counted by the
 * stage. */
#pragma once
#include "stage.h"

void scene_up_and_down(struct stage *stage);         /* a whole life: up, answered, cared for, down, confirmed */
void scene_refused(struct stage *stage);             /* a down-referral without the further plan (F1, F2) */
void scene_emergency_overtakes(struct stage *stage); /* an offline hospital, 200 waiting, one emergency (D3) */
void scene_sent_twice(struct stage *stage);          /* one effect (D1) */
void scene_killed(struct stage *stage); /* kill -9 amid traffic: all that was acknowledged, exactly once (D2) */
