#!/usr/bin/env bash
# Makes sample.ismv, the looping picture and sound that `silverlane push --demo` broadcasts.
#
#   server/sample/make.sh          needs ffmpeg 5 or newer with libx264, and the DejaVu fonts
#
# 24 s = 600 frames at 25/s = 1125 AAC frames of 1024 samples at 48 kHz: picture and sound end on the
# same tick, and every motion in both has a period that divides 24 s, so the loop has no seam.
set -euo pipefail
cd "$(dirname "$0")"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
sans=${SANS:-/usr/share/fonts/truetype/dejavu/DejaVuSans-Bold.ttf}
mono=${MONO:-/usr/share/fonts/truetype/dejavu/DejaVuSansMono-Bold.ttf}
ffmpeg="ffmpeg -hide_banner -loglevel error -nostdin -y"

# --- Picture: a silver lane under a moonlit sky. -----------------------------------------------------
# ld(0) depth below the horizon, ld(1) distance from the middle of the lane in lane widths,
# ld(2) way driven. The lane bends with the time.
turn='2*PI*T/24'
scene="st(0,Y-150);
 st(1,(X-320-70*sin($turn)*pow(1-clip(ld(0)/210,0,1),2)-22*sin(2*$turn)*(1-clip(ld(0)/210,0,1)))/(abs(ld(0))*1.15+7));
 st(2,1500/(abs(ld(0))+9)+T*5);"
stars='gt(sin(X*12.9898+Y*78.233)*sin(X*39.346+Y*11.135),0.9985)*(60+50*sin('"$turn"'*6+X))'
moon='clip(16-hypot(X-486,Y-62),0,1)'
aurora='pow(clip(1-abs(Y-66-22*sin(X/95+'"$turn"'*2)-10*sin(X/41-'"$turn"'*3))/46,0,1),2)*(0.6+0.4*sin(X/23+'"$turn"'*5))'
sky="26+58*pow(clip(Y/150,0,1),2.2)+70*exp(-hypot(X-486,Y-62)/34)+52*$aurora+130*$moon+$stars*lt(Y,120)"
hills='st(3,150-13-10*sin(X/70+1)-7*sin(X/31+2)-3*sin(X/13))'
fog='exp(-ld(0)/26)'
verge='34+12*sin(2*PI*ld(2)/3)*clip(ld(0)/70,0,1)+30*exp(-pow(ld(1)/2.2,2))'
lane='96+64*exp(-pow(ld(1)-0.35,2)*2.2)+7*sin(2*PI*ld(2)/6)*clip(ld(0)/70,0,1)'
dash='clip(4*sin(2*PI*ld(2)/12)+1,0,1)*clip((0.05-abs(ld(1)))*abs(ld(0)),0,1)'
edge='clip((0.045-abs(abs(ld(1))-0.93))*abs(ld(0)),0,1)'
inlane='clip((1-abs(ld(1)))*(abs(ld(0))+2),0,1)'
ground="(1-$fog)*(($verge)*(1-$inlane)+($lane)*$inlane+(235-($lane))*max($dash,$edge))+$fog*92"
y="$scene$hills;if(lt(ld(0),0),if(gt(Y,ld(3)),30+34*clip((Y-ld(3))/18,0,1),min(235,$sky)),$ground)"
cb="st(0,Y-75);if(lt(ld(0),0),150-8*clip(Y/75,0,1)-14*exp(-hypot(X-243,Y-31)/16),140-4*clip(ld(0)/105,0,1))"
cr="st(0,Y-75);if(lt(ld(0),0),118+16*pow(clip(Y/75,0,1),2)-16*pow(clip(1-abs(Y-33-11*sin(X/47.5+$turn*2)-5*sin(X/20.5-$turn*3))/23,0,1),2),124)"
strip() { printf %s "$1" | tr -d '\n '; }

video() { # label width height kbit output
  local title="drawtext=fontfile=$sans:text=Silverlane:fontcolor=white:fontsize=h/8.5:x=h/14:y=h/13:shadowcolor=black@0.5:shadowx=2:shadowy=2"
  local label="drawtext=fontfile=$sans:text='$1':fontcolor=white@0.95:fontsize=max(h/17\,11):x=h/14:y=h-th-h/13:shadowcolor=black@0.6:shadowx=1:shadowy=1"
  local clock="drawtext=fontfile=$mono:text='%{eif\:floor(t)\:d\:2}.%{eif\:floor(mod(t*25+0.5\,25))\:d\:2}':fontcolor=white:fontsize=h/9:x=w-tw-h/14:y=h-th-h/14:box=1:boxcolor=black@0.35:boxborderw=4"
  # The lamp is lit while the beep sounds: picture and sound can be compared by eye and ear.
  local lamp="drawtext=fontfile=$sans:text='●':fontcolor=0xffd060:fontsize=h/8:x=w-tw-h/14:y=h/16:enable='lt(mod(t+0.001,1),0.16)'"
  $ffmpeg -i "$work/scene.mkv" -vf "scale=$2:$3:flags=lanczos,setsar=1,$title,$label,$clock,$lamp,format=yuv420p" \
    -an -c:v libx264 -preset veryslow -profile:v main -bf 0 -g 50 -keyint_min 50 -sc_threshold 0 \
    -flags +cgop -b:v "$4k" -maxrate "$(($4 * 5 / 4))k" -bufsize "$(($4 * 2))k" -video_track_timescale 25000 "$5"
}
$ffmpeg -f lavfi -i "color=black:size=640x360:rate=25:duration=24" \
  -vf "format=yuv420p,geq=lum='$(strip "$y")':cb='$(strip "$cb")':cr='$(strip "$cr")'" \
  -c:v libx264 -preset ultrafast -qp 0 "$work/scene.mkv"
video '144p  120 kbit/s' 256 144 120 "$work/144.mp4"
video '240p  300 kbit/s' 426 240 300 "$work/240.mp4"
video '360p  700 kbit/s' 640 360 700 "$work/360.mp4"

# --- Sound: four slow chords that flow into each other, a soft bell on every second. ------------------
# Every frequency is a multiple of 1/24 Hz. Three rounds are encoded and the middle one is kept, so
# that the first frame of the loop follows its last one in the encoder's memory too. Frame 0 is the
# encoder's priming, hence the 1126.
chord() { # when (s), notes (Hz)
  local sum=0 note; local at=$1; shift
  for note in "$@"; do sum="$sum+sin(2*PI*round($note*24)/24*t)"; done
  printf '0.035*pow(max(0,cos(2*PI*(t-%s)/24)),2)*(%s)' "$at" "$sum"
}
pad="$(chord 0 87.31 130.81 220 261.63)+$(chord 6 82.41 123.47 196 329.63)+$(chord 12 110 164.81 220 261.63)+$(chord 18 98 146.83 196 293.66)"
bell='0.07*min(1,mod(t,1)*200)*exp(-mod(t,1)*14)*(sin(2*PI*880*t)+0.3*sin(2*PI*1760*t))'
$ffmpeg -f lavfi -i "aevalsrc='$pad+$bell|$pad*0.85+$bell':s=48000:d=72" -c:a aac -b:a 64k -f adts "$work/three.aac"
$ffmpeg -i "$work/three.aac" -c copy \
  -bsf:a "noise=drop='lt(n,1126)+gte(n,2251)',setts=pts=N*1024:dts=N*1024:duration=1024:time_base=1/48000,aac_adtstoasc" \
  -f mp4 "$work/audio.mp4"

# --- One file, four tracks: what an encoder pushes, with the header box that tells the bitrates. ------
$ffmpeg -i "$work/144.mp4" -i "$work/240.mp4" -i "$work/360.mp4" -i "$work/audio.mp4" \
  -map 0:v -map 1:v -map 2:v -map 3:a -c copy \
  -b:v:0 120k -b:v:1 300k -b:v:2 700k -b:a 64k -metadata:s:a:0 language=eng \
  -fflags +bitexact -movflags isml+frag_keyframe -f ismv sample.ismv
ls -l sample.ismv
